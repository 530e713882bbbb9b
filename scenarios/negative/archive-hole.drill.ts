// A drill that must be missed: the archive has a hole, and the disk that could have filled it is lost.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "archive-hole",
  question: "Can we come back from a lost disk when the archive lacks one WAL segment?",
  learn: `
    A base backup without the log beside it is a heap of files that never were a database at the same time. One
    segment is missing from the archive, and the disk that could have filled the hole is gone. There is no way back,
    and the drill must say so: not after an hour of replaying, but as soon as it can be known, and with the data
    that were there before still in their place. Watch your archive for gaps, not for the age of its newest file.`,
  sources: ["plugin-barman-cloud, issue 618"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "wal-missing", at: { before: "backfill-names" }, healAfterMs: 7_000 },
    { kind: "disk-lost", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 6_000 },
  ],
  rollback: { strategy: "pitr", decide: { on: "alert" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["completion"], findings: [] },
});
