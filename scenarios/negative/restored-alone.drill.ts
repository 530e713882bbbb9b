// The shop goes back in time alone: another system still has what it was told of orders that never were.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "restored-alone",
  question: "After a point-in-time restore of the shop alone, does the invoices' database still hold invoices for orders that are gone?",
  learn: `
    The same restore without anybody who thinks of the neighbours. The shop is in order: schema, integrity, its own
    rules, people's journeys, all green. The invoices' database holds claims for orders that never were, and
    customers will get them. No tool that looks at one database can see it. List the systems that are told things by
    yours, and, for each, what it should be told after a restore.`,
  sources: ["Atlassian, April 2022: data restored into systems that had gone on"],
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/roll-out-names" },
  application: { path: "fixtures/systems/shop/application" },
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
  expect: { verdict: "missed", missed: ["invariants"], findings: ["invariant-violated"] },
});
