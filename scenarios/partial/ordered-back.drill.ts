// What a step did can't be undone, so its opposite is done: once, although the server dies in the midst of it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "ordered-back",
  question: "When a step can't be undone and is made up for instead, does that happen exactly once, even if the server dies just before its commit?",
  learn: `
    Some steps have no way back: a truck has left, a mail is out, money has moved. What is left is to do the
    opposite, and the opposite is a change of its own, made on data that have moved on. Here a hundred of each
    product went to another warehouse, and clients have moved stock since. The compensation adds and subtracts, and
    doesn't put back what was, so what clients did stands. It runs in one transaction with its record, and the
    server dies just before that commits: the second try must not order the pallets back twice. Look in your plans
    for steps that somebody called reversible, and ask what the world outside would have to do.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/move-pallets" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "move-pallets", progress: 1, during: "rollback" }, healAfterMs: 800 }],
  rollback: { decide: { on: "completion", delayMs: 1_000 } },
  objectives: { recovery: { maxMs: 30_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
