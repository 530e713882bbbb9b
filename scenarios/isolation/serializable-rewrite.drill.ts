// Serializable transactions go on while a table is rewritten, the primary dies, and the rewrite is undone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "serializable-rewrite",
  question: "Do serializable transactions keep every append that was acknowledged while a rewrite is applied, the primary is killed, and the rewrite is undone?",
  learn: `
    Serializable transactions behave as if one came after the other, and applications rely on it without knowing
    where. A rewrite of a table takes that away from them: to a transaction whose snapshot is older than the rewrite the table looks
    empty (PostgreSQL's manual, "MVCC caveats"). Such a transaction has waited for the rewrite's lock, reads no rows, updates none,
    and is told that it has committed. So the drill must be missed: appends that were acknowledged are in no list, and where others read
    meanwhile, no order explains what they saw. It is the way back that loses them, which rewrites the table once more under clients. Undo a rewrite
    behind a gate, or let applications check how many rows they have changed. Many transactions are refused meanwhile, which is the
    price of the level and no outage: an application that does not retry serialization failures will see a migration as an incident.`,
  system: { path: "fixtures/systems/registers" },
  migration: { plan: "fixtures/systems/registers/migrations/widen-items" },
  load: { workload: "fixtures/systems/registers/workload/lists.ts", arrivalsPerSecond: 240, clients: 120, connections: 80, isolation: "serializable" },
  // Serialization failures are the price of the level, and no outage.
  steadyState: { maxErrorRatio: 0.7 },
  faults: [{ kind: "kill", at: { after: "widen" }, healAfterMs: 800 }],
  rollback: { decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 15_000 },
    loss: { maxLostWrites: 0 },
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
