// A drill that must be missed: the preserved fields are there, and a report keeps them from being put back in time.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "preserved-too-slow",
  question: "If a report reads the customers for long, are the preserved names back within 1 s?",
  learn: `
    Fields that were copied aside are safe, and they have to get back into a table that lives. Here somebody holds
    that table against writers for two and a half seconds, and the names wait. They do come back, each of them, and
    too late for the promise. Copying aside answers whether you can go back. Only a rehearsal under load says how
    long it takes, and who is in the way.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/mask-names-at-once" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", table: "customers", mode: "SHARE", at: { before: "mask-names", during: "rollback" }, healAfterMs: 2_500 }],
  rollback: { decide: { on: "completion", delayMs: 500 } },
  objectives: { rollback: { maxMs: 1_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
