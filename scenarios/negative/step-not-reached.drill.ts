// A drill that must be missed: the way back stops at a step that the migration never came to.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "step-not-reached",
  question: "Can a way back end at the expanded schema when the migration broke off before it was there?",
  learn: `
    The plan's way back is to end at the expanded schema: additions stay, the rest goes. But the migration broke off
    before that schema was complete, so the place to go back to was never there. The way back refuses, since the
    choice is now between all the way back and forward, and that is a person's. Runbooks name such resting places
    without saying when they exist. For each one write down what must be done by then, and what applies before.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "oom-kill", on: "migration", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 0 }],
  rollback: { strategy: "down", to: "index-names", decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["completion", "structure"] },
});
