// Sometimes forward is the shortest way back: the interrupted migration is completed, from what the journal says.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "roll-forward",
  question: "If the primary dies at 40 % of the backfill, can the migration be taken up and completed within 30 s, with the new schema whole and no write lost?",
  learn: `
    Sometimes the shortest way back leads forward. When most of the work is done and what remains is safe,
    completing an interrupted migration ends the trouble sooner than undoing it. That needs a journal that can be
    trusted: which step is done, which was begun, and from which row on the backfill goes. The drill kills the
    primary at 40 % of it, resumes, and then compares everything with the same migration on an undisturbed copy.
    Decide beforehand, and write into the runbook, from which step on you would go forward: in the night itself
    everybody argues from fear.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 1_000 }],
  rollback: { strategy: "resume", decide: { on: "alert", delayMs: 200 } },
  objectives: { recovery: { maxMs: 30_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
