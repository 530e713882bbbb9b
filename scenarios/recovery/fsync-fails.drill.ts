// The disk refuses one fsync, and claims success ever after: the server must not believe it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "fsync-fails",
  question: "When one fsync of the WAL fails and the next one claims success, does the server notice, and is nothing lost that was acknowledged?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "fsync-fails", files: "wal", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 500 },
    { kind: "power-cut", torn: false, at: { before: "sync-trigger", during: "rollback" }, healAfterMs: 500 },
  ],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
