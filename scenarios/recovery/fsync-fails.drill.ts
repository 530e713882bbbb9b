// The disk refuses one fsync, and claims success ever after: the server must not believe it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "fsync-fails",
  question: "When one fsync of the WAL fails and the next one claims success, does the server notice, and is nothing lost that was acknowledged?",
  learn: `
    For twenty years databases took a second fsync that succeeds for proof that the data is on the disk. It isn't:
    after an error the kernel may mark the pages clean and forget them. PostgreSQL therefore panics at the first
    error and recovers from its log. The drill fails one fsync of the log, lets the next ones claim success, and
    then cuts the power during the way back, so that only what truly reached the disk is there. Nothing that was
    acknowledged may be missing. Try it with the storage that you use, and watch for settings that turn the panic
    off.`,
  sources: ["PostgreSQL, 2018: fsync's errors are reported once, and then forgotten"],
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
