// An asynchronous replica that is cut off before the primary dies: what it had not received is lost, and the scorecard says how much.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "asynchronous",
  question: "If an asynchronous replica is 1 s behind when the primary dies, does a failover lose no more than the last 2 s of writes?",
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "asynchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "latency", on: "replication", latencyMs: 1_000, at: { before: "sync-trigger" }, healAfterMs: 2_500 },
    { kind: "kill", at: { within: "switch-application", afterMs: 300 }, healAfterMs: 2_000 },
  ],
  rollback: { strategy: "failover", decide: { on: "alert", delayMs: 200 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    loss: { maxLostWrites: 500, maxLossWindowMs: 2_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
