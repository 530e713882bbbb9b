// One of two instances of the application crashes in the midst of the way back, with requests in its hands.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "instance-dies",
  question: "If one of two instances of the application crashes while the schema goes back under it, is every order accounted for, and are nine of ten requests still served?",
  learn: `
    Going back is when an application crashes: it has just been replaced, its caches are cold, and the columns move
    under it. Here one of two instances dies with requests in its hands, two seconds before anybody starts it again.
    Whoever waited for one of those requests can't know whether the order was placed, and the ledger says just that:
    indeterminate, and neither lost nor saved. Everybody else is led to the other instance, because a connection that
    is refused has done no harm and may be tried elsewhere. Ask whether your load balancer knows that difference,
    whether a request that is sent twice orders twice with you, and whether your way back goes on while the
    application is one instance short.`,
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/roll-out-names" },
  application: { path: "fixtures/systems/shop/application" },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 1_500, holdMs: 3_000 },
  faults: [{ kind: "instance-killed", at: { after: "deploy-v2", during: "rollback" }, healAfterMs: 2_000 }],
  rollback: { decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 60_000 },
    availability: { min: 0.9 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
    journeys: { maxFailed: 0 },
  },
});
