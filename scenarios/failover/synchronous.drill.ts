// The primary dies for good in mid-migration: a synchronous replica must have all that was acknowledged.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "synchronous",
  question: "If the primary dies at 40 % of the backfill, does its synchronous replica take over and undo the migration within 15 s, without losing one acknowledged write?",
  learn: `
    A commit that waits for a second machine is slower by a round trip, each time, for ever. What it buys can't be
    seen until the primary dies for good in the middle of a migration: then the replica has all that was
    acknowledged, and the migration is undone there, by the statements that the journal names. The drill proves the
    nothing in "nothing is lost", and measures how long the change of roles took. Look also at what is still
    indeterminate: commits whose clients had no answer may be there or not, and both are right.`,
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "synchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
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
