// A drill that must be missed: going back to a step that stays, what clients wrote in the new columns has no place in the old one.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "partial-loses",
  question: "If only the last step is undone, and nothing kept the old column in step, what do clients lose?",
  learn: `
    The columns stay, the switch goes back, and it looks like the mildest of all retreats. But with nothing that
    keeps the old column in step, whatever was written in the new ones has no place in the shape that is now read.
    Going back in part must be asked the same question as going back as a whole: where is what was written in
    between, and who reads it from now on?`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-no-sync" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "down", to: "fill-names", decide: { on: "completion", delayMs: 1_500 } },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss", "invariants"], findings: ["write-lost"] },
});
