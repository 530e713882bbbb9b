// GoCardless, "the hard parts": DDL waits behind one long reader, and every later query behind the DDL. A lock time-out with retries keeps the queue short.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "lock-queue",
  question: "If a forgotten transaction holds the table, does the migration get through without stopping the clients?",
  learn: `
    An ALTER TABLE that takes a millisecond can stop a service for minutes. It needs a lock that conflicts with
    everything; one forgotten transaction keeps it waiting; and every query that comes later queues behind it,
    though it would have got along with the forgotten one. The database is idle, its processors too, and nobody is
    served. The remedy costs one line: lock_timeout, so that the migration gives up its place in the queue, and
    tries again. The drill shows what that is worth: the steps are retried, clients hardly notice. Take the line out
    of the plan and run it again to see the outage that it prevents.`,
  sources: ["GoCardless, Zero-downtime Postgres migrations: the hard parts", "eugene, hint E9"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", table: "customers", at: { before: "add-columns" }, healAfterMs: 1_500 }],
  rollback: { decide: { on: "completion" } },
  objectives: { availability: { min: 0.95 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
