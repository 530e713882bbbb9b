// A drill that must be missed: the migration is completed after a crash, and one of its statements takes effect a second time.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "resumed-twice",
  question: "If the server dies between a step's statement and its journal, does completing the migration leave the data right?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-resumed-twice" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "put-back", progress: 0.5 }, healAfterMs: 500 }],
  rollback: { strategy: "resume", records: "before", decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["consistency"], findings: ["altered-write"] },
});
