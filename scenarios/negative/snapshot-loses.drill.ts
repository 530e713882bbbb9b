// A drill that must be missed: a snapshot knows nothing of what was written after it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "snapshot-loses",
  question: "Does going back to a snapshot keep every acknowledged write?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "snapshot", decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
