// A drill that must be missed: it proves that the harness can say no. The schema would say so too (valid: true → false); this drill asks integrity alone.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "invalid-index",
  question: "Does the rollback leave every index usable?",
  learn: `
    CREATE INDEX CONCURRENTLY that fails leaves an index behind which is kept up to date by every write and used by
    no query. The retry says IF NOT EXISTS, finds the name taken, and reports success. From then on writes are
    slower, reads are slow, and the history of migrations is green. Here the same happens on the way back. Always
    drop before you create, and ask pg_index whether it is valid: the drill does, and nothing but that.`,
  sources: ["chatwoot, issue 15885"],
  system: { path: "fixtures/systems/shop", scale: 0.02 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-invalid-index" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 60, connections: 10, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "held-lock", table: "orders", mode: "ROW EXCLUSIVE", at: { before: "drop-index", during: "rollback" }, healAfterMs: 700 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["integrity"], findings: ["invalid-index"] },
});
