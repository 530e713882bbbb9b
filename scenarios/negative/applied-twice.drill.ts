// A drill that must be missed: it proves that the harness can say no.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "applied-twice",
  question: "Does a crash in the middle of the rollback leave each step applied once?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-applied-twice" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "close-shelf", progress: 0.5, during: "rollback" }, healAfterMs: 500 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["consistency"], findings: ["altered-write"] },
});
