// A migration that crawls disturbs nobody, and is not through when the maintenance hours end.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "deadline",
  question: "When a migration hurts nobody but isn't through by its deadline, is it undone in good time?",
  learn: `
    Nothing is broken: no alert fires, clients are served, and the migration just crawls, because each of its round
    trips takes longer than in the rehearsal. At the end of the maintenance hours it is half done. Without a rule
    somebody now decides to wait a little longer, several times. The drill has such a rule: by its deadline the
    migration is over or it is undone, and the time for the undoing is part of the plan. A deadline is worth
    something only if going back from any moment before it still fits, so measure how long that takes from the worst
    one.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "latency", on: "migration", latencyMs: 400, at: { before: "backfill-names" }, healAfterMs: 4_000 }],
  rollback: { decide: { on: ["alert", "deadline"], deadlineMs: 3_000 } },
  objectives: { rollback: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
