// A drill that must be missed: nothing is lost with a synchronous replica overseas, and every commit of the way back goes there.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "region-too-far",
  question: "With a synchronous replica in a region 250 ms away, is the way back still through within 1 s?",
  learn: `
    A synchronous replica in another region is the promise that no acknowledged write is lost, and it is kept here.
    Its price is paid by whoever commits: clients once for each operation, and the way back once for each of its
    statements that stands alone, one after the other. What takes a tenth of a second at home takes seconds across
    an ocean. The drill must be missed for this and for nothing else. Before you move a replica, rehearse your way
    back with the distance in between; and look which of its statements could share a commit.`,
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "synchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 60, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500, maxLatencyMs: 1_500 },
  faults: [{ kind: "latency", on: "replication", latencyMs: 250, at: { before: "retire-name" }, healAfterMs: 7_000 }],
  rollback: { decide: { on: "completion", delayMs: 500 } },
  objectives: { rollback: { maxMs: 1_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
