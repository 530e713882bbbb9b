// A drill that must be missed: the person who must agree refuses, and the half-done migration stays.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "refused",
  question: "If whoever must agree refuses to go back, is the system still as it was before?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 500 }],
  rollback: { decide: { on: "alert", human: { withinMs: 10_000, answer: { verdict: "refuse", afterMs: 500 } } } },
  objectives: { recovery: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["completion", "structure"] },
});
