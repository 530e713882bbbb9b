// A drill that must be missed: what is written between two steps of the way back is in neither of the two tables.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "lost-in-between",
  question: "If the way back loses its session between bringing the rows back and dropping the table, is every payment still there?",
  learn: `
    Payments went on in a new table. The way back has two steps: copy what is new into the old table, then drop the new
    one and take the old one's name. Each is right, and in every rehearsal they come within a few milliseconds of each
    other, so nothing is lost, or one payment, which nobody counts. Then the session breaks between the two, clients
    go on writing to the new table for a second, and the second step drops it. What must not come apart belongs into one
    transaction, or clients have to be kept out until both are through. A sweep finds such a gap; a single drill only
    when its author already knows where to look.`,
  sources: ["block/spirit, pull request 156: writes that land between the last catch-up and the swap"],
  system: { path: "fixtures/systems/shop", scale: 0.02 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-loses-in-between" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 60, connections: 10, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "down", on: "migration", at: { after: "keep-old", during: "rollback" }, healAfterMs: 1_000 }],
  rollback: { decide: { on: "completion", delayMs: 500 } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
