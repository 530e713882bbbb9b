// A step that destroys a field, and a way back that has the field's old values: they were copied aside before.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "preserved-fields",
  question: "If a step overwrites every customer's name, does going back restore the old names without touching those that were changed since?",
  learn: `
    A down script that adds a dropped column again restores the schema and not one value in it. Reviewers see a
    symmetric pair of statements and are content; a structural comparison finds no difference. Only the data know.
    Here the step that destroys the fields copies them aside in its own transaction, and going back puts them where
    they were, but for those that clients have set since: their newer word counts. Ask of each contract step in your
    plans where its values are, for how long they are kept, and what happens to a row that was changed in between.
    If the answer is the backup, look at what point-in-time costs instead.`,
  sources: ["pgroll, issue 374"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/mask-names-at-once" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion", delayMs: 2_000 } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
