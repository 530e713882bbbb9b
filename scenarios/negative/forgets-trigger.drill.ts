// A drill that must be missed: it proves that the harness can say no.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "forgets-trigger",
  question: "Does the rollback put every trigger back?",
  learn: `
    A trigger is dropped so that a backfill may be fast, and neither the migration nor its way back puts it there
    again. From then on nothing fails: a column is simply no longer kept. Weeks later somebody asks why updated_at
    stands still, and by then nobody knows since when. A down script undoes what the up script says that it did;
    what was done on the side, by hand or in the same breath, is undone by nobody. Compare structure by what must be
    there, object by object, after every way back.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-forgets-trigger" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["structure"], findings: ["trigger-missing"] },
});
