// A drill that must be missed: the flag's row is locked by a forgotten transaction, and turning it off waits.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "flag-too-slow",
  question: "If a forgotten transaction holds the flag's table, is the flag still off within 1 s?",
  learn: `
    Turning off a flag is one small UPDATE. It waits all the same when a forgotten transaction holds a lock on the
    table in which the flag lives, and with it waits everybody who counts on it. The drill must be missed for its
    time alone. Flags that are kept in the database that is in trouble share its trouble: look how yours are read
    and written when that database is slow, locked or gone, and whether there is another way to turn them off.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "kill", at: { before: "retire-name" }, healAfterMs: 500 },
    { kind: "held-lock", table: "feature_flags", mode: "SHARE", at: { before: "switch-application", during: "rollback" }, healAfterMs: 2_000 },
  ],
  rollback: { strategy: "flag", decide: { on: "completion" } },
  objectives: { rollback: { maxMs: 1_000 }, loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
