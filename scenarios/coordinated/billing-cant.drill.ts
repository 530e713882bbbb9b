// Orders have gone back, and billing dies before it has: the orders are taken forward again, and nothing is torn apart.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "billing-cant",
  question: "When billing can no longer go back after orders have, do the two stay of one version, without a lost write or an invoice without its order?",
  learn: `
    Two services know an order by a key that has changed in both databases. The first has gone back when the second
    one dies. There is no transaction that spans them, so each tool that goes back one after the other leaves them
    apart here, and reports success for one of them. This way back takes forward again what was already undone, and
    says that it failed: the migration is still there, whole. A failure that leaves everything of one version is
    worth a great deal at night. Decide beforehand how long clients may be held while the second one is waited for,
    and who looks at the invoices afterwards.`,
  system: { path: "fixtures/systems/orders", scale: 0.2, others: { billing: { path: "fixtures/systems/billing", scale: 0.2 } } },
  migration: { plan: "fixtures/systems/orders/migrations/number-orders" },
  load: { workload: "fixtures/systems/orders/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", database: "billing", at: { after: "retire-id", during: "rollback" }, healAfterMs: 6_000 }],
  rollback: { strategy: "coordinated", heldMs: 2_000, decide: { on: "completion", delayMs: 1_000 } },
  objectives: {
    recovery: { maxMs: 30_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
  // They did not get back, and the drill says so; what must hold is the rest.
  expect: { verdict: "missed", missed: ["completion"] },
});
