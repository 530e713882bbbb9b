// A drill that must be missed: the tool loses its connection just then, and a trigger writes a column that is gone: nobody can register.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "column-before-trigger",
  question: "Can customers register and rename themselves all through the way back?",
  learn: `
    Going back takes away a column and the trigger that fills it. In one transaction the order doesn't matter; in two it does.
    Here the column goes first. On a good day the trigger follows within milliseconds, and no test ever sees it. On the day on
    which the tool loses its connection in between, every write to the table fails until it is back: the trigger speaks of a
    field that the row no longer has. Reads work, the health check works, and in the end the tool reports a success, and every
    trace is gone. Only who counts what clients were told sees it at all, and a sweep finds the moment. Go back in the reverse
    order of going forward, or in one transaction; and look at availability for each kind of operation, since a fifth of the
    traffic may fail within an average that looks fine.`,
  sources: ["pgroll, issues 906 and 907"],
  system: { path: "fixtures/systems/shop", scale: 0.02 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-column-before-trigger" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, connections: 10, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "down", on: "migration", at: { within: "add-short-name", progress: 0.3, during: "rollback" }, healAfterMs: 1_500 }],
  rollback: { decide: { on: "completion", delayMs: 500 } },
  objectives: {
    availability: { min: 0.98 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
  expect: { verdict: "missed", missed: ["availability"] },
});
