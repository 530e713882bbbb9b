// The server gets a twentieth of a processor while the backfill runs, as beside a noisy neighbour; the way back runs on what is left.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "starved",
  question: "If the server is left a twentieth of a processor during the backfill, are clients served as ever again within 20 s, with nothing lost?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "cpu-throttled", share: 0.05, at: { within: "backfill-names", progress: 0.1 }, healAfterMs: 6_000 }],
  rollback: { decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 20_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
