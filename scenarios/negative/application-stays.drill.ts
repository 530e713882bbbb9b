// The schema goes back alone: the application that knows only the new one stays where it is.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "application-stays",
  question: "Is the business back when the schema is, though nobody took the application back?",
  learn: `
    "The rollback succeeded", said the migration tool, and it had: the schema is the old one again, to the last
    comment. But the application that knows only the new one is still deployed, and each of its queries fails.
    Recovery isn't over when the database is back; it is over when people are served. The journeys at the end meet a
    closed shop, and the scorecard says so. Now and then a run even loses a rename: it was written to a new column
    in the milliseconds between the end of the trigger that kept the old one in step and the end of the column
    itself.`,
  sources: ["strong_migrations, Removing a column", "squawk, rule ban-drop-column"],
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-leaves-application" },
  application: { path: "fixtures/systems/shop/application" },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 1_500, holdMs: 3_000 },
  rollback: { decide: { on: "completion" } },
  recoveryWithinMs: 7_000,
  objectives: {
    recovery: { maxMs: 2_000 },
    // Between the end of the trigger and that of its columns the new application writes what the old shape never sees. Whether
    // anybody does in those few milliseconds is chance: one run in some loses a rename.
    loss: { maxLostWrites: 5 },
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
    journeys: { maxFailed: 0 },
  },
  expect: { verdict: "missed", missed: ["service", "recovery", "journeys"], findings: ["operation-refused", "journey-failed"] },
});
