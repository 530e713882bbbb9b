// The flagship: the primary dies in mid-backfill, and the migration is undone while clients go on.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "split-customer-name",
  question: "If the primary dies at 40 % of the backfill, can we undo the migration within 15 s of impact without losing a single acknowledged write?",
  learn: `
    The whole argument in one run. An expand-and-contract migration is safe at each of its steps on paper; this
    drill kills the primary where paper is silent, in the midst of a backfill, and goes back while orders come in.
    Watch three figures: how long clients waited from the first failed answer, not from when somebody noticed; that
    the way back took its course from the journal, and undid neither more nor less than was done; and that every
    rename which was acknowledged in between is still there, though it was written in a shape that is gone. If your
    own plan has a step after which this drill can't be met, that step is your point of no return: it deserves a
    release of its own.`,
  system: { path: "fixtures/systems/shop" },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, holdMs: 4_000 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 1_500 }],
  rollback: { strategy: "down", decide: { on: "alert", delayMs: 500 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    detection: { maxMs: 2_000 },
    rollback: { maxMs: 10_000 },
    availability: { min: 0.6 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
