// Schema and application go forward hand in hand, the database dies, and both go back.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "rolled-out-and-back",
  question: "Do schema and application come back together, with nobody's order lost and people's journeys working?",
  learn: `
    Schema and application are two machines on one axle. Expand, deploy a version that knows both shapes, switch it
    by a flag, deploy the one that knows only the new: each step forward has its step back, and the order matters
    both ways. Here the database dies after the last deployment, and everything returns in reverse, under load,
    through the front door: orders over HTTP, an outbox that tells the invoices, people in a browser at the end.
    What teams look for in their own plans is the pair without a common version: an application and a schema that
    were never meant to meet, and do for a minute on the way back.`,
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/roll-out-names" },
  application: { path: "fixtures/systems/shop/application" },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 1_500, holdMs: 3_000 },
  faults: [{ kind: "kill", at: { after: "deploy-v2" }, healAfterMs: 1_000 }],
  rollback: { decide: { on: "alert" } },
  objectives: {
    recovery: { maxMs: 60_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
    journeys: { maxFailed: 0 },
  },
});
