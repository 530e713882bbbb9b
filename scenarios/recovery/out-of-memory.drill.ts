// A backfill takes too much memory: the kernel kills its backend, and the server ends everybody else's, too.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "out-of-memory",
  question: "When the kernel kills the backfill's backend for want of memory, is the migration undone without loss?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "oom-kill", on: "migration", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 0 }],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
