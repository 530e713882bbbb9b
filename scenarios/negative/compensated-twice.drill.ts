// A drill that must be missed: the compensation and its record are two commits, and the server dies between them.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "compensated-twice",
  question: "Is it noticed when a step is made up for twice, because the server died between the compensation and its record?",
  learn: `
    The same pallets, ordered back by a statement that commits on its own. The server dies after that and before the
    journal has it. Whoever goes on sees a step that is not yet made up for, and makes up for it. Nothing fails; the
    sums across the warehouses are even right, because both statements moved as much as they took. Only who knows
    what each client was told, and counts it up shelf by shelf, sees two hundred where there was one. An inverse
    that adds must be tied to its record, or carry a key by which it knows itself.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-orders-back-twice" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "move-pallets", progress: 1, during: "rollback" }, healAfterMs: 800 }],
  rollback: { decide: { on: "completion", delayMs: 500 } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["consistency"], findings: ["altered-write"] },
});
