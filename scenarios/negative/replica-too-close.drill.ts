// A drill that must be missed: the replica that keeps behind doesn't keep far enough behind.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "replica-too-close",
  question: "Is a replica that keeps 1 s behind still before the migration when we want to go back?",
  learn: `
    A replica that keeps behind on purpose is a way back only as long as it is still before what went wrong. This
    one keeps a second behind, and the migration takes longer than that. By the time anybody decides, it has
    replayed the beginning. The failover is refused before anything is touched, rather than promoting a server that
    has half of the migration in it. The delay has to cover the migration, the doubt, the decision and a night's
    sleep: an hour is common, and it costs nothing but patience.`,
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { applyDelayMs: 1_000 } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "failover", to: "migration-start", decide: { on: "completion", delayMs: 500 } },
  objectives: { loss: { maxLostWrites: 5_000 }, consistency: {}, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["completion"] },
});
