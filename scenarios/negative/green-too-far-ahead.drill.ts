// A drill that must be missed: the link back is slow, so clients are held until blue has caught up.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "green-too-far-ahead",
  question: "If blue is nearly a second behind when clients are led back to it, does going back still take less than 1 s?",
  learn: `
    Going back from a second server loses nothing as long as what was written there has reached the first. The link
    between them is nearly a second behind, so clients are held for that long, and the promise of less than a second
    can't be kept. It is not an error of anybody's: it is arithmetic. Time to go back is lag plus the switch, and
    lag is largest when the load is, which is when people want to go back. Put a limit on the lag at which going
    back still fits, and raise the alarm there.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", blueGreen: { upgrade: true } },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "latency", on: "replication", latencyMs: 800, at: { after: "switch" }, healAfterMs: 6_000 }],
  rollback: { strategy: "switch-back", decide: { on: "completion", delayMs: 1_500 } },
  objectives: { rollback: { maxMs: 1_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
