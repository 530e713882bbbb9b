// Writes that were visible and are gone after a promotion: it looks like loss, and nobody was ever told that they are there.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "seen-and-gone",
  question: "If writes that could be read before a failover are gone after it, was any of them ever acknowledged?",
  learn: `
    With a synchronous replica a commit is on the primary's disk before the client hears of it. When the replica
    can't be reached the client waits, gives up, and the server breaks off the wait: from then on everybody can read
    the row, and nobody has been told that it is there. Then the primary dies, the replica takes over, and the row
    is gone. A colleague who has seen it calls that data loss, and it isn't: what was promised has been kept. The
    scorecard shows both figures: transactions that the old primary never passed on, and acknowledged writes lost.
    Only the second is loss. Clients must not take a read of somebody else's row for a promise, either.`,
  sources: ["PostgreSQL's documentation on synchronous replication: a wait that is broken off doesn't undo the commit"],
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "synchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, timeoutMs: 1_000, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "timeout", on: "replication", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 5_000 },
    { kind: "kill", at: { within: "backfill-names", afterMs: 3_500 }, healAfterMs: 2_000 },
  ],
  rollback: { strategy: "failover", decide: { on: "alert", delayMs: 200 } },
  objectives: {
    recovery: { maxMs: 30_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
