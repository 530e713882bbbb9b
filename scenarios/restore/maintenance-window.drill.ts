// With clients turned away from before the migration on, a restore loses nothing: it costs availability instead.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "maintenance-window",
  question: "If clients are kept out while we migrate, does point-in-time recovery lose nothing, and are they back within 20 s?",
  learn: `
    A restore loses what was written since. If nobody writes, it loses nothing: clients are turned away from before
    the migration until it is known to be good. The drill shows what that costs, in availability, to the second, and
    that the promise holds then: no acknowledged write is lost. It is the honest version of the maintenance page.
    The hard part is the end of it: the window may close only when somebody has looked at the data, since from the
    first write on the restore has its price again.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "pitr", gate: { closes: "migration" }, decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 20_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
