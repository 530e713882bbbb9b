// A drill that must be missed: it proves that the harness can say no.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "deletes-new-rows",
  question: "Does the rollback keep the rows that were written since the migration?",
  learn: `
    The down script deletes what the old shape can't represent: rows that have a batch. But the new column had a
    default, so every row that customers have written since has one. On a copy of last night's data it deletes
    nothing and passes review; under load each minute makes it wrong by some more rows. It is the worst kind of
    loss, since it happens to those who were told that all went well. A way back may drop what a migration added to
    a row, and never the row. Where it must delete, let the migration mark what it made itself.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-deletes-new-rows" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion", delayMs: 1_000 } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
