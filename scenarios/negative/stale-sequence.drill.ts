// A drill that must be missed: it proves that the harness can say no.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "stale-sequence",
  question: "Does the rollback leave every sequence ahead of its column?",
  learn: `
    The way back restores the identity of a column and forgets where it was: it begins again at 1. Nothing shows it
    until the first insert, which collides, and the second, until enough have failed to catch up; and where the
    column has no unique key, nothing shows it at all. The same happens after data were copied, restored or
    replicated. Comparing schemas doesn't help, and counting rows doesn't either. Each way back that makes a
    sequence anew needs a last statement that sets it, and a check that it did.`,
  sources: ["virtool, pull request 3825", "courtlistener, issue 2060"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-stale-sequence" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["integrity"], findings: ["stale-sequence"] },
});
