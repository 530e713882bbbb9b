// The server gets a twentieth of a processor while the backfill runs, as beside a noisy neighbour; the way back runs on what is left.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "starved",
  question: "If the server is left a twentieth of a processor during the backfill, are clients served as ever again within 20 s, with nothing lost?",
  learn: `
    Nothing is down. A neighbour, or a quota, leaves the server a twentieth of a processor while the backfill runs,
    and everything takes twenty times as long. Such trouble is hard to tell from a migration that is too heavy, and
    the reflex is the same: undo it. The way back then runs on what is left. The drill measures how long clients
    wait until service is normal, and that nothing is lost on the way. Before you undo, look whether the migration
    is the cause: undoing costs processor time, too.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "cpu-throttled", share: 0.05, at: { within: "backfill-names", progress: 0.1 }, healAfterMs: 6_000 }],
  rollback: { decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 20_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
