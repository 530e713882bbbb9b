// Negative control: billing goes back before the orders have their ids again, and throws away what refers to none.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "billing-first",
  question: "Is it noticed when two databases go back in the wrong order, and invoices go with it?",
  learn: `
    Order matters between databases as it does between tables. Billing goes back first, while orders still lack
    their old ids, and what refers to none is thrown away by a statement that means well. All steps report success.
    The drill must be missed, for the writes that are gone and for the rule across both databases. A way back that
    deletes what it can't assign should stop instead: rows that refer to nothing are a question to a person, and a
    DELETE is the one answer that can't be taken back.`,
  system: { path: "fixtures/systems/orders", scale: 0.2, others: { billing: { path: "fixtures/systems/billing", scale: 0.2 } } },
  migration: { plan: "fixtures/systems/orders/migrations/wrong-billing-first" },
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
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
