// A drill that must be missed: it proves that the harness can say no.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "deletes-new-rows",
  question: "Does the rollback keep the rows that were written since the migration?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-deletes-new-rows" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion", delayMs: 1_000 } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
