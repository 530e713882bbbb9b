// Commits that happened, and whose answers never came: nobody may be accused of losing or inventing them.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "lost-replies",
  question: "If the answers of twenty commits are lost while the migration runs, does the data still agree with what clients were told?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 2_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "reply-lost", statement: "^commit", times: 20, at: { after: "sync-trigger" }, healAfterMs: 0 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
