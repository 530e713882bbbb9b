// A drill that must be missed: commits are acknowledged before they are on the disk. Long after the last change of the schema,
// or an index whose making was acknowledged too early may stay as an orphan: its file is synced at once.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "power-cut-early-answers",
  question: "With synchronous_commit turned off, does an acknowledged write survive a power cut?",
  learn: `
    With synchronous_commit turned off a commit is acknowledged before it is on the disk. It is a fine setting for
    data that can be had again, and it is often set for a backfill, and forgotten. Then the power goes, and the last
    moments of acknowledged writes are gone, with no error in any log: the database is consistent, it only remembers
    less than it said. The drill must be missed for that loss. A killed process would have shown nothing, because
    the kernel keeps what was written; only a power cut, or a machine that dies, does.`,
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { settings: { synchronous_commit: "off", wal_writer_delay: "1000ms" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "power-cut", torn: false, at: { within: "switch-application", afterMs: 4_000 }, healAfterMs: 500 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
