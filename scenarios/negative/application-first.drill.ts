// The new application meets the old schema: one of two instances is deployed before the columns that it asks for.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "application-first",
  question: "What do clients meet while one of two instances runs the new application on the old schema?",
  learn: `
    One canary of the new version, an hour before the migration, just to see that it starts. It does, and asks for
    columns that don't exist yet. Half of the people get an error, the other half don't, and the health check, which
    asks neither, is green. The load balancer spreads the trouble evenly, so each user sees it come and go. Versions
    that go out before their schema must be able to live with the old one; that is what the tolerant version is for.`,
  sources: ["strong_migrations, Adding a column: deploy order"],
  system: { path: "fixtures/systems/shop", scale: 0.2, others: { invoices: { path: "fixtures/systems/invoices" } } },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-application-first" },
  application: { path: "fixtures/systems/shop/application" },
  checks: { journeys: "fixtures/systems/shop/journeys" },
  load: { workload: "fixtures/systems/shop/workload/browsers.ts", arrivalsPerSecond: 40, warmUpMs: 2_500, holdMs: 5_000 },
  rollback: { decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 60_000 },
    availability: { min: 0.98 },
    // On the way back the canary writes for a few milliseconds into columns that nothing keeps in step any more: now and then
    // a rename goes with them.
    loss: { maxLostWrites: 5 },
    consistency: {},
    structure: { maxDifferences: 0 },
    invariants: { maxViolated: 0 },
    journeys: { maxFailed: 0 },
  },
  expect: { verdict: "missed", missed: ["availability"] },
});
