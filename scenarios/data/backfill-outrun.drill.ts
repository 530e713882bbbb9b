// A backfill that new rows outrun: it would go on for ever, until somebody who counts the time says stop.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "backfill-outrun",
  question: "When a backfill is outrun by new rows and never ends, is that noticed by the deadline, and undone without a loss?",
  learn: `
    A backfill that asks for "what is not filled yet" ends when there is nothing left of that. As long as the application goes
    on writing just such rows, there always is: the progress stands near its end, hour after hour, and each glance at it says
    that it is almost done. On a copy without load it ended in a minute. Three things keep it from happening: new rows must be
    born filled, by a default or a trigger that is there before the backfill; it goes through the keys up to the one that was
    the largest when it began; and it has a deadline, after which somebody decides. The drill has only the last. Watch that the
    decision comes when it was declared, and that going back out of a running batch loses nothing.`,
  sources: ["pgroll, issue 583"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-chases-inserts" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "deadline", deadlineMs: 5_000 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
