// GoCardless, "the hard parts": DDL waits behind one long reader, and every later query behind the DDL. A lock time-out with retries keeps the queue short.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "lock-queue",
  question: "If a forgotten transaction holds the table, does the migration get through without stopping the clients?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_500, holdMs: 2_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", table: "customers", at: { before: "add-columns" }, healAfterMs: 1_500 }],
  rollback: { decide: { on: "completion" } },
  objectives: { availability: { min: 0.95 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
