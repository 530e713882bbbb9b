// Must be missed: the clients run at read committed, and are said to need snapshots.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "too-weak",
  question: "Do clients at read committed see one state of the data at a time while a rewrite is applied and undone?",
  learn: `
    At read committed each statement sees the newest committed data, so two reads in one transaction may see two
    different moments. Most applications run at that level and believe that they don't. The drill says that clients
    need snapshots, and lets them run at read committed: it must be missed, by anomalies that are shown with the
    transactions that make them up. The migration isn't the cause, only the occasion: while it runs, everything
    takes longer, and what was rare is seen.`,
  system: { path: "fixtures/systems/registers" },
  migration: { plan: "fixtures/systems/registers/migrations/widen-items" },
  load: { workload: "fixtures/systems/registers/workload/lists.ts", arrivalsPerSecond: 80, clients: 40, connections: 40, isolation: "read committed" },
  steadyState: { maxErrorRatio: 0.5, maxLatencyMs: 1_000 },
  rollback: { decide: { on: "completion" } },
  objectives: { isolation: { model: "snapshot-isolation" }, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["isolation"], findings: ["isolation-G-single"] },
});
