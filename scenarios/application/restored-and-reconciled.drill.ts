// The shop goes back in time, and another system that was told of its orders is made to agree with it again.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "restored-and-reconciled",
  question: "After a point-in-time restore of the shop, does the invoices' database hold what the shop holds, and do people's journeys work?",
  learn: `
    A restore takes one database back in time, and the world around it goes on from where it was. Invoices were made
    for orders that, after the restore, never existed. Here the restore is followed by a reconciliation: invoices
    without an order are cancelled, and orders whose invoice is missing are told of again. It needs two things that
    can't be added in the night: an outbox that says what was to be told, and a receiver that recognises what it has
    seen. Every rule between the two databases holds again in the end, and the journeys work.`,
  sources: ["Atlassian, April 2022: data restored into systems that had gone on"],
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/roll-out-names" },
  application: { path: "fixtures/systems/shop/application", reconcile: true },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 1_500, holdMs: 3_000 },
  rollback: { strategy: "pitr", decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 90_000 },
    // What was written since the migration began is given up: a restore can't keep it.
    loss: { maxLostWrites: 2_000, maxLossWindowMs: 90_000 },
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
    journeys: { maxFailed: 0 },
  },
});
