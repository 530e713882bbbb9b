// A backfill takes too much memory: the kernel kills its backend, and the server ends everybody else's, too.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "out-of-memory",
  question: "When the kernel kills the backfill's backend for want of memory, is the migration undone without loss?",
  learn: `
    A backfill asks for too much memory, and the kernel kills its backend. That is one process of many, but they
    share memory that it may have damaged, so PostgreSQL ends all of them and recovers. Everybody's connection
    breaks for one greedy statement. The drill shows what that is for the clients, and that the migration is undone
    all the same. Give the migration's session limits of its own, small batches above all; and keep the kernel's
    killer away from the postmaster, without which no recovery begins.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "oom-kill", on: "migration", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 0 }],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
