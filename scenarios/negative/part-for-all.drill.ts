// A drill that must be missed: the session that copies is killed, and the repeated attempt leads straight to the cut-over.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "part-for-all",
  question: "If the session that copies a table is killed half-way, does taking the migration up again copy the rest before it cuts over?",
  learn: `
    A table is rewritten by way of a copy: a trigger keeps it up, a procedure fills it, and a rename cuts over. The
    procedure begins by asking whether it has run before, and takes the first row for an answer. It is killed
    half-way, the tool tries again, the procedure returns at once, and the rename is next. Every step has said
    "done", nobody has seen an error, and half of the payments are in a table that nobody reads. A cut-over must ask
    by itself whether both sides hold the same, at the moment at which it cuts; that a step has ended says only
    that it has ended.`,
  sources: ["block/spirit, pull request 156: rows that were not in the copy when it was cut over"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-takes-part-for-all" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "oom-kill", on: "migration", at: { within: "fill-copy", afterMs: 400 }, healAfterMs: 0 }],
  rollback: { strategy: "resume", records: "before", decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss", "invariants"], findings: ["write-lost", "invariant-violated"] },
});
