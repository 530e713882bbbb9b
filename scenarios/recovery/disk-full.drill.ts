// The disk is full in the middle of a backfill: the server ends, and comes back when there is room.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "disk-full",
  question: "When a backfill fills the disk and the server goes down with it, is the migration undone without loss once there is room?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 2_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "disk-full", at: { before: "backfill-names" }, bytes: 65_536, healAfterMs: 2_000 }],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
