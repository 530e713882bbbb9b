// Negative control: a forgotten transaction in billing keeps the orders waiting, too.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "coordinated-too-slow",
  question: "Is it noticed when clients of both databases wait longer than 3 s because one of them can not get a lock?",
  learn: `
    Going back as one means waiting as one. A forgotten transaction in billing holds a lock, so the step there
    waits, and the clients of the orders, whose database is ready, wait with it. Nothing is lost and nothing is torn
    apart; it only takes longer than was promised. A coordinated way back is as slow as the slowest of its
    databases, and each one adds another that can be it. Look for old transactions in all of them before the clients
    are held, and not after.`,
  system: { path: "fixtures/systems/orders", scale: 0.2, others: { billing: { path: "fixtures/systems/billing", scale: 0.2 } } },
  migration: { plan: "fixtures/systems/orders/migrations/number-orders" },
  load: { workload: "fixtures/systems/orders/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", database: "billing", table: "invoices", at: { before: "require-order-number", during: "rollback" }, healAfterMs: 5_000 }],
  rollback: { strategy: "coordinated", heldMs: 20_000, decide: { on: "completion", delayMs: 1_000 } },
  objectives: {
    recovery: { maxMs: 20_000 },
    rollback: { maxMs: 3_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
  expect: { verdict: "missed", missed: ["rollback"] },
});
