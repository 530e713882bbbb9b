// A replica that keeps an hour behind is promoted as of the moment before the migration: no backward statement is needed.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "delayed-replica",
  question: "If the migrated schema has to go at once, is a replica that keeps behind faster than a restore, at the price of the last 20 s of writes?",
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { applyDelayMs: 3_600_000 } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "failover", to: "migration-start", decide: { on: "completion", delayMs: 500 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
