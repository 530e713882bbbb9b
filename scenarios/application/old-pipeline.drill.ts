// Somebody's old pipeline deploys the new application to one instance at the end of the way back.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "old-pipeline",
  question: "When a pipeline deploys the new application once more while the system goes back, does it end at the old one, with nothing lost?",
  learn: `
    While the system goes back, a pipeline that nobody stopped deploys the new version to one instance once more.
    One of several servers with the wrong code is the classic of the trade. Until somebody notices, a part of the
    requests meets columns that are gone. The harness brings it about, proves it by what the instance says of itself,
    and then wants all instances at the old version, nothing lost, and the journeys working. Half a second earlier,
    with the trigger gone and the columns still there, that instance would have written what nobody reads any more.
    Freeze the pipelines first; it belongs at the top of the runbook, before the first backward statement.`,
  sources: ["Knight Capital, 1 August 2012: one of eight servers was left on other code"],
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/roll-out-names" },
  application: { path: "fixtures/systems/shop/application" },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 1_500, holdMs: 3_000 },
  faults: [{ kind: "wrong-version", version: "v2", instances: 1, at: { after: "add-columns", during: "rollback" }, healAfterMs: 1_500 }],
  rollback: { decide: { on: "completion" } },
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
