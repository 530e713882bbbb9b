// A rewrite that would lock everybody out takes place on a second server; after a crash there, clients are led back.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "rewritten-beside",
  question: "If two columns are rewritten on a second server and it is killed after the switch, are clients back on the first one within 15 s, at the loss of no more than the last second?",
  learn: `
    A type change that rewrites a table locks everybody out for as long as it takes. Done on a second server that
    follows the first, it disturbs nobody: clients are held for a moment, and switched. The drill then kills the new
    server, and asks what it costs to be back on the old one. What was written on the new one is passed on
    asynchronously, so the last moments before the crash are lost, and the scorecard says which. Two figures are
    worth having before the night itself: how long the switch holds clients, and how far behind the link back is on
    an ordinary day, because that is what a crash will take.`,
  sources: ["squawk, rule changing-column-type", "eugene, rule E10"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/widen-amounts", blueGreen: {} },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { after: "switch" }, healAfterMs: 6_000 }],
  rollback: { strategy: "switch-back", decide: { on: "alert", delayMs: 200 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    loss: { maxLostWrites: 200, maxLossWindowMs: 1_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
