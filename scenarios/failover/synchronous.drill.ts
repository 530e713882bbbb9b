// The primary dies for good in mid-migration: a synchronous replica must have all that was acknowledged.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "synchronous",
  question: "If the primary dies at 40 % of the backfill, does its synchronous replica take over and undo the migration within 15 s, without losing one acknowledged write?",
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "synchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 3_000 }],
  rollback: { strategy: "failover", decide: { on: "alert", delayMs: 200 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
