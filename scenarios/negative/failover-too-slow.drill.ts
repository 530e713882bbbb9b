// A drill that must be missed: the replica takes over in a second, and the decision to let it takes three.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "failover-too-slow",
  question: "If somebody has to look first for 3 s, are clients still served again within 2 s of impact by a failover?",
  learn: `
    The replica takes over in about a second. That is the figure that people remember, and not the one that clients
    feel. Here somebody has to look first, for three seconds, and the objective of two is missed although no part of
    the machinery was slow. The scorecard splits the time into detection, decision and the way back itself. In most
    incidents the middle one is the longest, and no faster disk will shorten it: only a rule that needs nobody, or
    somebody who has rehearsed.`,
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode: "synchronous" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { before: "backfill-names" }, healAfterMs: 4_500 }],
  rollback: { strategy: "failover", decide: { on: "alert", delayMs: 3_000 } },
  objectives: { recovery: { maxMs: 2_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["recovery"] },
});
