// The quickest way back: the new code is behind a flag, and only that is turned off; what was added stays.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "flag-off",
  question: "When the migration breaks off after the new code was switched on, is turning its flag off enough, and at once?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { before: "retire-name" }, healAfterMs: 500 }],
  rollback: { strategy: "flag", decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 10_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
