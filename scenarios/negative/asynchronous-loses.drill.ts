// A drill that must be missed: an asynchronous replica has not received everything that was acknowledged.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "asynchronous-loses",
  question: "If the network to the asynchronous replica is cut before the primary dies, does a failover keep every acknowledged write?",
  learn: `
    The same failover with a promise that it can't keep: nothing may be lost. The replica is cut off for a moment,
    the primary dies, and what was acknowledged in between is nowhere but on a disk that no longer serves. The drill
    must be missed, and for this reason alone. If your dashboards would have shown this failover as a success, they
    measure that a database answers, and not that it remembers.`,
  sources: ["Patroni, issue 1894", "CloudNativePG, issue 11293"],
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "asynchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "timeout", on: "replication", at: { before: "switch-application" }, healAfterMs: 1_000 },
    { kind: "kill", at: { within: "retire-name", afterMs: 500 }, healAfterMs: 1_000 },
  ],
  rollback: { strategy: "failover", decide: { on: "alert" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
