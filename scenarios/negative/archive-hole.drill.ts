// A drill that must be missed: the archive has a hole, and the disk that could have filled it is lost.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "archive-hole",
  question: "Can we come back from a lost disk when the archive lacks one WAL segment?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "wal-missing", at: { before: "backfill-names" }, healAfterMs: 10_000 },
    { kind: "disk-lost", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 9_000 },
  ],
  rollback: { strategy: "pitr", decide: { on: "alert" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["completion"], findings: [] },
});
