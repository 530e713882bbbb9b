// A drill that must be missed: a snapshot knows nothing of what was written after it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "snapshot-loses",
  question: "Does going back to a snapshot keep every acknowledged write?",
  learn: `
    A snapshot is the simplest way back: everything is as it was then. Everything is, too, that clients were told
    since. Their orders were acknowledged, their payments taken, and the database knows nothing of it. The drill
    must be missed for these writes, each of which it names. Snapshots are for systems that nobody writes to, or for
    writes that can be had again from elsewhere. If yours is the plan for a shop that stays open, know the figure:
    arrivals a second, times the age of the snapshot.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "snapshot", decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
