// A migration that crawls disturbs nobody, and is not through when the maintenance hours end.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "deadline",
  question: "When a migration hurts nobody but isn't through by its deadline, is it undone in good time?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "latency", on: "migration", latencyMs: 400, at: { before: "backfill-names" }, healAfterMs: 4_000 }],
  rollback: { decide: { on: ["alert", "deadline"], deadlineMs: 3_000 } },
  objectives: { rollback: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
