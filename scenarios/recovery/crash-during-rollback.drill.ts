// The second blow: the primary dies again while the migration is being undone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "crash-during-rollback",
  question: "If the primary dies in the middle of the rollback, does the rollback still come to its end, without undoing anything twice?",
  learn: `
    The second blow comes while you are undoing the first. Hardly anybody rehearses it, and it is where down scripts
    break that were only ever run once, from start to end, on an idle database. Here the primary dies between two
    backward steps. The way back must find out what is undone already, repeat what was half done without doing it
    twice, and come to the same end. Each backward step of your plan should be one that you would be willing to run
    again not knowing whether it ran; IF EXISTS is a part of that, and a journal row that commits with the statement
    is the rest.`,
  sources: ["golang-migrate, issue 282"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { before: "sync-trigger", during: "rollback" }, healAfterMs: 800 }],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 30_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
