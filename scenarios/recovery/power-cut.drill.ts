// The machine loses its power in the middle of a backfill, and once more while the migration is being undone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "power-cut",
  question: "When the power fails in the middle of a backfill, and again during the rollback, is every acknowledged write still on the disk?",
  learn: `
    A process that is killed loses nothing that it had handed to the operating system. A machine that loses its
    power loses all that was not synced, and of some of it keeps a chance part. The two are often confused, and the
    first is what gets tested. Here the power goes twice, in the midst of the backfill and of the way back, with
    torn pages. With fsync on, and a disk that honours it, every acknowledged write is there. power-cut-without-
    fsync and power-cut-early-answers show what the two popular ways of being faster cost on such a day.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "power-cut", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 800 },
    { kind: "power-cut", at: { before: "sync-trigger", during: "rollback" }, healAfterMs: 800 },
  ],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 40_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
