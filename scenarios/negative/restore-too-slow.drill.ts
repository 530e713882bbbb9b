// A drill that must be missed: a restore takes longer than this objective allows.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "restore-too-slow",
  question: "Is the system back from its backup within half a second?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "pitr", decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 500 }, rollback: { maxMs: 300 }, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["recovery", "rollback"], findings: [] },
});
