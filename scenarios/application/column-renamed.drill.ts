// The old application meets the new schema: a column is renamed under it, the alert fires, and the name comes back.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "column-renamed",
  question: "When a column is renamed under the application that serves, is it back in time, and does anybody's write get lost in between?",
  learn: `
    Renaming a column is instant, and from that instant on every instance of the running application asks for a name
    that isn't there. A blue-green or rolling deployment doesn't help: there is no moment at which both versions
    work. The drill lets it happen, decides after two seconds, and measures how long people stood before a closed
    door. The way back is short because it was one statement, prepared. Add the new column, keep both in step, move
    the readers, and take the old one away in another release.`,
  sources: ["strong_migrations, Renaming a column", "squawk, rule renaming-column"],
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-renames-at-once" },
  application: { path: "fixtures/systems/shop/application" },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 1_500, holdMs: 3_000 },
  rollback: { decide: { on: "deadline", deadlineMs: 2_000 } },
  objectives: {
    recovery: { maxMs: 10_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
    journeys: { maxFailed: 0 },
  },
});
