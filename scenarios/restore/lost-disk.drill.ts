// The primary's disk is gone in mid-migration: only what was archived is left.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "lost-disk",
  question: "If the primary's disk is lost at 40 % of the backfill, is the system back on the old schema within 45 s, from backup and archive alone?",
  learn: `
    The disk is gone, with all that was on it, in the midst of a migration. What remains is the archive: everything
    up to the last segment that was shipped, and nothing of the one that was being written. The loss that you
    declared as acceptable is now a setting: how often a segment is switched. The drill measures both, the time to
    come back on an empty disk and what is missing, and names each lost write. Compare the loss with
    archive_timeout, and the time with the promise in your contract.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "disk-lost", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 8_000 }],
  rollback: { strategy: "pitr", to: "lsn", decide: { on: "alert", delayMs: 200 } },
  objectives: {
    recovery: { maxMs: 45_000 },
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
