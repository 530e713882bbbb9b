// A replica that keeps an hour behind is promoted as of the moment before the migration: no backward statement is needed.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "delayed-replica",
  question: "If the migrated schema has to go at once, is a replica that keeps behind faster than a restore, at the price of the last 20 s of writes?",
  learn: `
    A replica that keeps an hour behind on purpose is the cheapest time machine: no backup has to be copied, and no
    backward statement written. As long as the delay has not run out, promoting it as of the moment before the
    migration takes seconds. What was written since is the price, as with any restore. The drill shows both figures.
    The delay must be longer than the migration, the doubt and the decision together; replica-too-close shows what
    happens when it isn't.`,
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { applyDelayMs: 3_600_000 } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "failover", to: "migration-start", decide: { on: "completion", delayMs: 500 } },
  objectives: {
    recovery: { maxMs: 30_000 },
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
