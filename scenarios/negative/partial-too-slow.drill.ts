// A drill that must be missed: a report reads the table for two seconds, and taking the switch back waits behind it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "partial-too-slow",
  question: "If a long report holds a lock, does taking back the last two steps still take less than 1 s?",
  learn: `
    Only the last two steps are to be taken back, which is quick, except that one of them needs a lock for which a
    report has two more seconds to go. Everybody who comes later waits behind that step. The way back gives the lock
    up in time and tries again, so no queue piles up, but the second that was promised is gone. A way back has the
    same enemies as the way forward: before it starts, look for the oldest transaction, and decide whether it may be
    ended.`,
  sources: ["GoCardless, the hard parts of migrations without downtime: the lock queue", "eugene, rule E9"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", table: "customers", at: { before: "retire-name", during: "rollback" }, healAfterMs: 2_000 }],
  rollback: { to: "index-names", decide: { on: "completion" } },
  objectives: { rollback: { maxMs: 1_000 }, loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
