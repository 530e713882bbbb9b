// A whole region falls silent in mid-migration, and a person lets the other one take over, some milliseconds behind.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "region-lost",
  question: "If the primary's region falls silent during the backfill and a person moves us to a region 40 ms away, is everything kept that was written 10 s before?",
  learn: `
    A region that is cut off says nothing. Its primary may be dead, or alive and alone; from outside the two look
    the same, and a client that still reaches it would write what nobody else ever sees. So the drill lets a person
    decide, ends the old primary for good before the other region serves, and counts what never got across: the
    link went first, and what was acknowledged after that is only where nobody can read it. When the old region
    answers again, its own log says whether that count is right, and it comes back as the follower. Ask who may
    press this button with you, how long they take, and whether your old primary can be ended from outside.`,
  sources: ["GitHub, 21 October 2018"],
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "asynchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "latency", on: "replication", latencyMs: 40, at: { before: "add-columns" }, healAfterMs: 8_000 },
    { kind: "partition", on: "replication", at: { within: "backfill-names", progress: 0.2 }, healAfterMs: 5_000 },
    { kind: "pause", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 4_000 },
  ],
  rollback: { strategy: "failover", decide: { on: "alert", human: { withinMs: 10_000, answer: { verdict: "approve", afterMs: 1_500 } } } },
  objectives: {
    recovery: { maxMs: 20_000 },
    loss: { maxLostWrites: 1_500, maxLossWindowMs: 10_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
