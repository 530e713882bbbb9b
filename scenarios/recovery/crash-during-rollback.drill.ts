// The second blow: the primary dies again while the migration is being undone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "crash-during-rollback",
  question: "If the primary dies in the middle of the rollback, does the rollback still come to its end, without undoing anything twice?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 2_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { before: "sync-trigger", during: "rollback" }, healAfterMs: 800 }],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
