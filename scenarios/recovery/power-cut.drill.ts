// The machine loses its power in the middle of a backfill, and once more while the migration is being undone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "power-cut",
  question: "When the power fails in the middle of a backfill, and again during the rollback, is every acknowledged write still on the disk?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 2_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "power-cut", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 800 },
    { kind: "power-cut", at: { before: "sync-trigger", during: "rollback" }, healAfterMs: 800 },
  ],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
