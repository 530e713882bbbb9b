// The newest backup has one flipped bit: it must be refused, and the one before it serve.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "damaged-backup",
  question: "If the newest backup is damaged, do we notice before we need it to be right, and come back from the one before within 20 s?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "backup-damaged", at: { before: "backfill-names" }, healAfterMs: 15_000 }],
  rollback: { strategy: "pitr", to: "time", decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 20_000 },
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
