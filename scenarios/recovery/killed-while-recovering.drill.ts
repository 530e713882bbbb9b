// The second blow comes early: the primary dies again while it recovers from the first.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "killed-while-recovering",
  question: "If the primary is killed again in the middle of its crash recovery, does the rollback still come to its end without loss?",
  learn: `
    Crash recovery is work, and the machine that failed once is likely to fail again. The second kill comes while
    PostgreSQL replays its log: nothing that was acknowledged may depend on the first recovery having finished. The
    data are safe, as they should be; what teams learn here is about time. Recovery begins anew, clients wait for
    both, and retry loops with a fixed number of attempts give up in between. Compare how long your connection
    pools, your migration tool and your failover software are patient with how long this took.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 500 },
    { kind: "kill", at: { logLine: "automatic recovery in progress" }, healAfterMs: 500 },
  ],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
