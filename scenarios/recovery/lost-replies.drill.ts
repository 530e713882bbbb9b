// Commits that happened, and whose answers never came: nobody may be accused of losing or inventing them.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "lost-replies",
  question: "If the answers of twenty commits are lost while the migration runs, does the data still agree with what clients were told?",
  learn: `
    COMMIT was sent, the server did it, and the answer was lost on the way. The client sees an error like any other.
    Whoever retries writes twice; whoever doesn't may have written once or never. The drill brings about twenty such
    commits and then asks the judge to accuse nobody: each is noted as indeterminate, and both outcomes are right.
    What teams learn is about their own code: which of your writes carry a key by which a second attempt is
    recognised as the same? Those without one will be doubled in some incident, and no rollback will find them.`,
  sources: ["golang-migrate, issue 282: what to do when the outcome is unknown"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "reply-lost", statement: "^commit", times: 20, at: { after: "sync-trigger" }, healAfterMs: 0 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
