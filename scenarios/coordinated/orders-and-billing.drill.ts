// Two databases, one key between them: both go back as one, and every invoice still bills its order.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "orders-and-billing",
  question: "When the key between orders and billing has changed in both databases, do they go back as one within 5 s, with every invoice on its order?",
  learn: `
    Databases that belong to different services still share keys: an invoice names the order that it bills. When the
    key's form changes in both, going back is one decision and two databases. The drill holds the clients of both,
    undoes the steps in the reverse order across them, and compares in the end every invoice with its order, in the
    new keys and in the old. What is hard is not the SQL. It is that ids given out meanwhile must not be given out
    again, and that somebody owns the moment at which both are quiet. Write down which services share keys with
    yours, before a migration finds out.`,
  system: { path: "fixtures/systems/orders", scale: 0.2, others: { billing: { path: "fixtures/systems/billing", scale: 0.2 } } },
  migration: { plan: "fixtures/systems/orders/migrations/number-orders" },
  load: { workload: "fixtures/systems/orders/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "coordinated", decide: { on: "completion", delayMs: 1_000 } },
  objectives: {
    recovery: { maxMs: 20_000 },
    rollback: { maxMs: 5_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
