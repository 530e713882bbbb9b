// A drill that must be missed: the person who must agree refuses, and the half-done migration stays.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "refused",
  question: "If whoever must agree refuses to go back, is the system still as it was before?",
  learn: `
    Asking a person is only safe if both answers are. Here the person says no, and the half-done migration stays
    where it is: columns that are filled in part, a trigger, clients that go on. The drill must be missed, since the
    system is not as it was, and that is the point: a refusal is a decision to live in between for a while. Who
    refuses should see what that state is, whether it can be lived in, and when somebody will be asked again. The
    answer and its reason are in the scorecard.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 500 }],
  rollback: { decide: { on: "alert", human: { withinMs: 10_000, answer: { verdict: "refuse", afterMs: 500 } } } },
  objectives: { recovery: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["completion", "structure"] },
});
