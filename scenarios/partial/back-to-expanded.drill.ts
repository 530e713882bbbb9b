// Only the switch goes back: the new columns, their trigger and their index stay for the next attempt.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "back-to-expanded",
  question: "If the new application misbehaves, can we take back the switch alone within 5 s, and keep the expanded schema for the next attempt?",
  learn: `
    Going back is rarely all or nothing. The switch of the application went wrong; the new columns, the trigger that
    keeps them in step and the index, which took an hour to build, did not. Going back to the expanded state takes
    seconds, and the next attempt starts from there. What must then be true is neither the old schema nor the new
    one, so the drill computes it: the same plan's first steps, run undisturbed on a copy, are what the schema is
    compared with. Teams learn to name such resting places beforehand: states that can be lived in for a week.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { to: "index-names", decide: { on: "completion", delayMs: 500 } },
  objectives: { rollback: { maxMs: 5_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
