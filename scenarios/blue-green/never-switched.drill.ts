// The link breaks while the second server still follows: clients never leave the first one, and nothing of the attempt is left on it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "never-switched",
  question: "If the link to the second server breaks while its tables are copied, is the attempt given up with no harm and no slot left behind?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", blueGreen: { upgrade: true } },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "timeout", on: "replication", at: { within: "follow", progress: 0.3 }, healAfterMs: 6_000 }],
  rollback: { strategy: "switch-back", decide: { on: "deadline", deadlineMs: 4_000 } },
  objectives: {
    availability: { min: 0.99 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
