// Serializable transactions go on while a table is rewritten, the primary dies, and the rewrite is undone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "serializable-rewrite",
  question: "Do serializable transactions stay serializable while a rewrite is applied, the primary is killed, and the rewrite is undone?",
  learn: `
    Serializable transactions behave as if one came after the other, and applications rely on it without knowing
    where. The drill rewrites a table under such clients, kills the primary, and undoes the rewrite. Then it doesn't
    compare rows alone: it rebuilds from what each transaction read and wrote in which order they can have happened,
    and looks for a circle. A circle is an answer that no order explains. Many transactions are refused meanwhile,
    which is the price of the level and no outage, so retry with care: an application that does not retry
    serialization failures will see a migration as an incident.`,
  system: { path: "fixtures/systems/registers" },
  migration: { plan: "fixtures/systems/registers/migrations/widen-items" },
  load: { workload: "fixtures/systems/registers/workload/lists.ts", arrivalsPerSecond: 50, clients: 40, connections: 40, isolation: "serializable" },
  // Serialization failures are the price of the level, and no outage.
  steadyState: { maxErrorRatio: 0.7 },
  faults: [{ kind: "kill", at: { after: "widen" }, healAfterMs: 800 }],
  rollback: { decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 15_000 },
    isolation: { model: "serializable" },
    loss: { maxLostWrites: 0 },
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
