// A drill that must be missed: what makes up for a step needs a table that a stocktaking holds.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "compensation-too-slow",
  question: "If a stocktaking holds the table, are the pallets still ordered back within 1 s?",
  learn: `
    A compensation is an ordinary change, and waits like one. Here a stocktaking holds the stock against writers
    while the pallets are to be ordered back. It gives up its turn again and again, so that no queue piles up, and
    takes longer than was promised, as it should. The drill must be missed for the time alone: nothing may be lost
    for it. If what makes up for a step has a deadline in the world outside, find out beforehand who holds its
    tables and for how long.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/move-pallets" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", table: "stock", mode: "SHARE", at: { before: "move-pallets", during: "rollback" }, healAfterMs: 2_500 }],
  rollback: { decide: { on: "completion", delayMs: 500 } },
  objectives: { rollback: { maxMs: 1_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
