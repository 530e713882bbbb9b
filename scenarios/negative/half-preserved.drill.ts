// A drill that must be missed: two fields were destroyed, and one of them was preserved.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "half-preserved",
  question: "If a step destroys names and addresses, and only the names were copied aside, is it noticed?",
  learn: `
    Somebody thought of the names. The same statement cut the addresses as well, and nobody had them copied aside.
    Going back runs to its end, every rule of the system holds, and each customer has a name again and an address
    that no mail reaches. A plan knows only what its author knew. What finds this is a comparison of every field
    with what it was before, and not a list of what somebody remembered to check. Read your destructive steps for
    what else stands in their SET.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-preserves-half" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion", delayMs: 1_000 } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["consistency"], findings: ["altered-write"] },
});
