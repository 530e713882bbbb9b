// The flags can't be read while the system goes back: a forgotten transaction holds their table.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "flags-unreachable",
  question: "When the flags can't be read in the midst of a roll-out, does the application come through it, and back?",
  learn: `
    Flags are a dependency like any other, and in most designs the one without which nothing else can be decided.
    Here they can't be read for two and a half seconds, in the midst of the roll-out, because a forgotten
    transaction holds their table. The tolerant version must ask them in each transaction; what does it do when no
    answer comes? It waits until its own time-out, says that nothing was done, and is whole again when the lock is
    gone. Measure how long your service can live on the last known value, and decide whether it may.`,
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/roll-out-names" },
  application: { path: "fixtures/systems/shop/application" },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 1_500, holdMs: 3_000 },
  faults: [{ kind: "held-lock", table: "feature_flags", mode: "ACCESS EXCLUSIVE", at: { after: "backfill-names" }, healAfterMs: 2_500 }],
  rollback: { decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 60_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
    journeys: { maxFailed: 0 },
  },
});
