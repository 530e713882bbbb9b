// A drill that must be missed: what is behind the flag has begun already, so turning it off doesn't undo it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "flag-too-late",
  question: "Once the old column is retired, does turning the flag off still bring the old system back?",
  learn: `
    A feature flag is the quickest way back there is, until something is built on what is behind it. Here the old
    column has been retired before anybody turns the flag off. To turn it off now would send the old code to a
    column that nobody keeps up. The way back refuses, and says why; a switch on a dashboard would not have. Every
    flag has a last moment at which it is still a way back. Write that step into the plan, and tell those on call
    when it has passed.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "flag", decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["completion", "structure"] },
});
