// Two regions with a database each, far from each other: they go back as one, and each statement over there takes its way.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "region-by-region",
  question: "When billing lives in a region 80 ms away, do both regions go back as one within 8 s, with every invoice on its order?",
  learn: `
    Orders are kept in one region and billed in another, and the key between them has changed in both. Going back is
    the same as if they stood side by side, but for the distance: clients of both are held until the last statement
    over there has been answered, and each question costs a round trip. Eighty milliseconds are nothing, until a
    way back asks forty times while everybody waits. The drill measures the held time as clients see it. Count the
    round trips of your own way back, not its statements, and let what can run in the far region run there whole.`,
  system: { path: "fixtures/systems/orders", scale: 0.2, others: { billing: { path: "fixtures/systems/billing", scale: 0.2 } } },
  migration: { plan: "fixtures/systems/orders/migrations/number-orders" },
  load: { workload: "fixtures/systems/orders/workload/clients.ts", arrivalsPerSecond: 60, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [
    { kind: "latency", database: "billing", on: "clients", latencyMs: 80, at: { before: "bill-by-both" }, healAfterMs: 8_000 },
    { kind: "latency", database: "billing", on: "migration", latencyMs: 80, at: { before: "bill-by-both" }, healAfterMs: 8_000 },
  ],
  rollback: { strategy: "coordinated", heldMs: 15_000, decide: { on: "completion", delayMs: 1_000 } },
  objectives: {
    recovery: { maxMs: 20_000 },
    rollback: { maxMs: 8_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
