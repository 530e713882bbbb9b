// A drill that must be missed: what clients wrote behind the flag was never kept in the old shape, too.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "flag-loses",
  question: "If nothing keeps the old column in step, what does turning the flag off take away from clients?",
  learn: `
    The flag is off within a second, the graphs recover, and everybody goes to bed. What customers wrote while it
    was on lies in columns that the old code never reads: for them it is gone. A flag is a way back for behaviour,
    not for data, unless both shapes are kept in step while it is on, in both directions. The drill's plan does
    without that. Turn your own flag on in a drill, write through it, turn it off, and see what the old code shows.`,
  sources: ["Knight Capital, 1 August 2012: an old flag that got a new meaning"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-no-sync" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "flag", decide: { on: "completion", delayMs: 1_500 }, healthyWithinMs: 1_000 },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["completion", "loss", "invariants"], findings: ["write-lost"] },
});
