// A drill that must be missed: a restore takes longer than this objective allows.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "restore-too-slow",
  question: "Is the system back from its backup within half a second?",
  learn: `
    The backup is intact, the restore works, and it takes longer than the objective allows. Nobody's fault, and no
    surprise to whoever has measured it; but objectives are often written down before anybody has. The time to
    restore grows with the data and with the WAL since the backup, so a figure from last year is wrong. Measure it
    with data of the true size, write down the result, and where it doesn't fit, change the objective or the way
    back, and not the subject.`,
  sources: ["Resend, 21 February 2024"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "pitr", decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 500 }, rollback: { maxMs: 300 }, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["recovery", "rollback"], findings: [] },
});
