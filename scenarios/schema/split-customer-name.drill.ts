// The flagship: the primary dies in mid-backfill, and the migration is undone while clients go on.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "split-customer-name",
  question: "If the primary dies at 40 % of the backfill, can we undo the migration within 15 s of impact without losing a single acknowledged write?",
  system: { path: "fixtures/systems/shop" },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, holdMs: 4_000 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 1_500 }],
  rollback: { strategy: "down", decide: { on: "alert", delayMs: 500 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    detection: { maxMs: 2_000 },
    rollback: { maxMs: 10_000 },
    availability: { min: 0.6 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
