// The server's files move to another volume, and back again with what was written there.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "volume-swap",
  question: "When the server has moved to a new volume, is it back on the old one within 10 s, with every file compared and nothing lost?",
  learn: `
    A server moves to another disk: the files are copied, compared, and swapped, with clients held for a moment. The
    drill does it and goes back again, with everything that was written on the new one. Every file is compared, in
    both directions, before anybody is let in, since a copy that is nearly right is worse than none. The scorecard
    shows how long clients were held each time. That figure grows with the data and decides whether this way is open
    to you at all, or whether a replica must do the copying beforehand.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", volumeSwap: {} },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "volume-back", decide: { on: "completion", delayMs: 1_500 } },
  objectives: { rollback: { maxMs: 10_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
