// Negative control: the same plan goes back without holding clients, and leaves invoices without their order.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "apart",
  question: "Is it noticed when two databases go back one after the other under the eyes of their clients?",
  learn: `
    The same plan as the coordinated drill, gone back without holding anybody: first the one database, then the
    other. Each of the two is consistent by its own rules, every statement succeeds, and a dashboard would show
    nothing. But invoices that were written in between name orders by a key that the other side no longer has. Only
    a rule across the databases notices, which is why the drill has one. If you have several services and no query
    that compares their records, this is what your next rollback may leave, and you will hear of it from a customer.`,
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
