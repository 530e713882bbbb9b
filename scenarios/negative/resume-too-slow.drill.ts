// A drill that must be missed: going forward means doing all the rest, and that takes longer than there is time.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "resume-too-slow",
  question: "If the primary dies early in the backfill, is the migration completed within 1 s?",
  learn: `
    Completing an interrupted migration can be the shortest way out, if most of it is done. Here the primary died
    after a tenth of the backfill, and going forward means doing the other nine tenths, with clients waiting for the
    end. The drill must be missed for its time. Whether forward or back is shorter depends on where it broke, so
    decide it by a figure: how far the journal says it has come, how long the rest took in the rehearsal, and how
    long the undoing takes from there.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.1 }, healAfterMs: 500 }],
  rollback: { strategy: "resume", decide: { on: "completion" } },
  objectives: { rollback: { maxMs: 1_000 }, loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
