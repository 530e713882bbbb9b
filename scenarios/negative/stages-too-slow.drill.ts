// A drill that must be missed: chunk by chunk, with a look at the system between two of them, and the looks add up.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "stages-too-slow",
  question: "Going back in stages with half a second between two of them, is the migration undone within 3 s?",
  learn: `
    Stages are a brake on purpose: after each chunk the system's rules are asked, and a way back that does harm is
    stopped after the first of them. The brake has a price, and it is a product: chunks, times the pause. Ten chunks
    with half a second between them can't be through in three seconds, whatever the machine. Multiply before the
    night in which you need it, and choose the size of a chunk by how much harm you could bear, not by habit.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/mask-names" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { staged: { pauseMs: 500 }, decide: { on: "completion", delayMs: 500 } },
  objectives: { rollback: { maxMs: 3_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
