// The primary hangs: where the migration stands can't be known, so automation asks a person before it goes back.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "handed-over",
  question: "When automation can't know what it would go back from, and a person takes two seconds to agree, is the system back in time?",
  learn: `
    The primary hangs. It may have committed the last batch or not, and nobody can ask it. Automation that goes back
    now guesses. This drill has it notice that it would have to know what can't be known, and hand the question to a
    person, with what is known and how to answer. The person takes two seconds here; put in what yours take at four
    in the morning. The scorecard then shows how much of the outage was machine and how much was waiting for
    somebody, which is the figure that decides whether a second person on call is worth it.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "pause", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 5_000 }],
  rollback: { decide: { on: "alert", human: { when: "in-doubt", withinMs: 10_000, answer: { verdict: "approve", afterMs: 2_000 } } } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
