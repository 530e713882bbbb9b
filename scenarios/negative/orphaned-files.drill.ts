// A drill that must be missed: a crash in the middle of a move leaves the half-written file, which nothing removes.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "orphaned-files",
  question: "When the server dies in the middle of moving a table, is the disk as it was after going back?",
  learn: `
    PostgreSQL moves a table by writing a new file and removing the old one at commit. When the server dies in
    between, recovery knows nothing of the half-written file, and nothing will ever remove it. The data are right,
    the schema is right, and the disk holds a gigabyte that belongs to no table. It is found by comparing the files
    with the catalogue, which hardly anybody does. After a crash in the middle of a rewrite, look; with a few such
    nights the disk is full, and nobody can say with what.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/move-orders" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 50, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "disk-slow", delayMs: 10, at: { before: "move-lines" }, healAfterMs: 2_500 },
    { kind: "kill", at: { within: "move-lines", afterMs: 1_500 }, healAfterMs: 500 },
  ],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["integrity"], findings: ["orphaned-files"] },
});
