// An asynchronous replica that is cut off before the primary dies: what it had not received is lost, and the scorecard says how much.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "asynchronous",
  question: "If an asynchronous replica is 1 s behind when the primary dies, does a failover lose no more than the last 2 s of writes?",
  learn: `
    An asynchronous replica is behind, always, by a little. That little is what a failover costs. Here the replica
    is slowed down, the primary dies, and the replica takes over. The scorecard says which acknowledged writes it
    never had, and, since the old primary's disk is still readable, that its own log agrees, record for record.
    Automation that picks a new primary rarely asks what it lacks, and it comes back with a green light. Decide how
    much may be lost before it asks a person, and rehearse the person.`,
  sources: ["Patroni, issue 1894", "CloudNativePG, issue 11293"],
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "asynchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
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
