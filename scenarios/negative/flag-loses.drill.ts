// A drill that must be missed: what clients wrote behind the flag was never kept in the old shape, too.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "flag-loses",
  question: "If nothing keeps the old column in step, what does turning the flag off take away from clients?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-no-sync" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "flag", decide: { on: "completion", delayMs: 1_500 }, healthyWithinMs: 1_000 },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["completion", "loss", "invariants"], findings: ["write-lost"] },
});
