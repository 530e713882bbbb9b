// The disk is full in the middle of a backfill: the server ends, and comes back when there is room.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "disk-full",
  question: "When a backfill fills the disk and the server goes down with it, is the migration undone without loss once there is room?",
  learn: `
    A backfill that rewrites every row doubles a table and fills the log beside it. When there is no room for the
    log, PostgreSQL doesn't return an error: it ends, and takes every client with it. After room was made it comes
    back and recovers, and the migration can be undone. Watch how long nobody was served, and that nothing
    acknowledged is missing. Then look at your own plan: how much disk does the widest step need, who checks it
    before it begins, and does the way back need any? An undo that writes every row once more is none on a full
    disk.`,
  sources: ["supabase/postgres, pull request 707: a slot that kept the log until the disk was full"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "disk-full", at: { before: "backfill-names" }, bytes: 65_536, healAfterMs: 2_000 }],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
