// A drill that must be missed: commits are acknowledged before they are on the disk. Untorn, or a file whose making was
// acknowledged too early may stay as an orphan.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "power-cut-early-answers",
  question: "With synchronous_commit turned off, does an acknowledged write survive a power cut?",
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { settings: { synchronous_commit: "off", wal_writer_delay: "1000ms" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "power-cut", torn: false, at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 500 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
