// A drill that must be missed: while the way back tidies up, a trigger writes a column that is gone, and nobody can register.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "column-before-trigger",
  question: "Can customers register and rename themselves all through the way back?",
  learn: `
    Going back takes away a column and the trigger that fills it. In one transaction the order doesn't matter; in two it does.
    Here the column goes first, and for a second and a half, until the tool comes to the trigger, every write to the table fails:
    the trigger speaks of a field that the row no longer has. Reads work, the health check works, and the migration tool reports
    a success. Then the trigger is gone, and so is every trace. Only who counts what clients were told sees it at all. Go back in
    the reverse order of going forward, or in one transaction; and look at availability for each kind of operation, since a fifth
    of the traffic may fail within an average that looks fine.`,
  sources: ["pgroll, issues 906 and 907"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-column-before-trigger" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion", delayMs: 500 } },
  objectives: {
    availability: { min: 0.99 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
  expect: { verdict: "missed", missed: ["availability"] },
});
