// Clients are drained before a point-in-time recovery, and come back in stages, so that a cold server isn't overrun.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "staged-return",
  question: "When clients are drained before a point-in-time recovery and let in again stage by stage, is the service back in time?",
  learn: `
    After a restore the caches are cold and the pools are empty, and everybody comes back at once. That second
    outage is often longer than the first. The drill drains clients before a point-in-time recovery and lets them in
    again in stages, each of which waits until the server answers in time. It measures both: what draining saves,
    because nothing is written that the restore would lose, and what the stages cost. If your proxy can't limit how
    many transactions are let through, find out now what happens without it, and with a database of the true size.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "pitr", decide: { on: "completion" }, gate: { closes: "migration", clients: "drained", returnMs: 1_400 } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
