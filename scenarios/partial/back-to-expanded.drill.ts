// Only the switch goes back: the new columns, their trigger and their index stay for the next attempt.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "back-to-expanded",
  question: "If the new application misbehaves, can we take back the switch alone within 5 s, and keep the expanded schema for the next attempt?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  rollback: { to: "index-names", decide: { on: "completion", delayMs: 500 } },
  objectives: { rollback: { maxMs: 5_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
