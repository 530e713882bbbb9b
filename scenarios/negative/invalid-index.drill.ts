// A drill that must be missed: it proves that the harness can say no. The schema would say so too (valid: true → false); this drill asks integrity alone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "invalid-index",
  question: "Does the rollback leave every index usable?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-invalid-index" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 1_500 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", table: "orders", mode: "ROW EXCLUSIVE", at: { before: "drop-index", during: "rollback" }, healAfterMs: 700 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["integrity"], findings: ["invalid-index"] },
});
