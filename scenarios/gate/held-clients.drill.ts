// Clients are held, and not refused, while the migration is undone: they wait a little, and none hears of it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "held-clients",
  question: "When clients are held at the proxy while the migration is undone, is none of them turned away?",
  learn: `
    Turning clients away while a migration is undone is safe, and everybody notices. Holding them is the middle way:
    their connections stay, who is in a transaction finishes it, and who begins one waits at the proxy. As long as
    that is shorter than their own time-outs, nobody gets an error. The drill counts: not one client may be turned
    away. It also shows the limit. Latency of those who waited is the price, pools fill up meanwhile, and a way back
    that takes longer than the shortest time-out turns waiting into errors after all. Know that time-out.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000, timeoutMs: 5_000 },
  steadyState: { windowMs: 500 },
  rollback: { decide: { on: "completion" }, gate: { clients: "held" } },
  objectives: { availability: { min: 0.9 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
