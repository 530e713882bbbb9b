// The tool dies between a step's last statement and its own note of it: the state says "begun", and the index is there.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "dirty-though-done",
  question: "If the migration loses its session when a step has taken effect and its state still calls it begun, is the migration completed without harm within 10 s?",
  learn: `
    What PostgreSQL refuses inside a transaction, such as CREATE INDEX CONCURRENTLY, can't be journalled with its
    effect. Between the two there is a moment at which the work is done and the state says that it isn't: "dirty".
    The drill cuts the tool off at that moment. What happens next is decided by how the step was written. This one
    drops the index and makes it again, so repeating it is dull. With a plain CREATE the next attempt fails on what
    is already there; with IF NOT EXISTS it keeps whatever a failed attempt has left, valid or not. And forcing the
    version by hand is a guess about the very thing that nobody knows. Look at the database, not at the state.`,
  sources: ["golang-migrate, issue 282", "prisma, issue 10561", "prisma, issue 14286"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "down", on: "migration", at: { within: "index-names", progress: 1 }, healAfterMs: 500 }],
  rollback: { strategy: "resume", decide: { on: "completion", delayMs: 500 } },
  objectives: { rollback: { maxMs: 10_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
