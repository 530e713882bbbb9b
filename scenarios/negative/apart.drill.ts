// Negative control: the same plan goes back without holding clients, and leaves invoices without their order.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "apart",
  question: "Is it noticed when two databases go back one after the other under the eyes of their clients?",
  system: { path: "fixtures/systems/orders", scale: 0.2, others: { billing: { path: "fixtures/systems/billing", scale: 0.2 } } },
  migration: { plan: "fixtures/systems/orders/migrations/number-orders" },
  load: { workload: "fixtures/systems/orders/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "down", staged: { pauseMs: 300 }, decide: { on: "completion", delayMs: 1_000 } },
  objectives: {
    recovery: { maxMs: 20_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
  expect: { verdict: "missed", missed: ["completion", "structure", "invariants"], findings: ["invariant-violated"] },
});
