// A drill that must be missed: it proves that the harness can say no.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "too-slow",
  question: "Are clients served again within half a second of the primary's death?",
  learn: `
    Half a second from the primary's death to normal service: the objective can't be kept by anything that has to
    notice, decide, start a server and undo steps. The drill must be missed, by this objective and by no other, and
    is one of those that test the harness. A tool that has never said no has not been tested. If your own drills are
    all green, add one like this, and see that it comes out red, and that somebody is told.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 1_000 }],
  rollback: { decide: { on: "alert" } },
  objectives: { recovery: { maxMs: 500 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["recovery"], findings: [] },
});
