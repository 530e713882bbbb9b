// A drill that must be missed: what is written on green breaks a rule of blue's, so replication stops, and there is no way back.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "green-outgrows-blue",
  question: "If orders on green begin with a status that blue's check constraint refuses, can clients still be led back?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/receive-orders", blueGreen: {} },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "switch-back", decide: { on: "completion", delayMs: 1_500 } },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["completion", "structure"] },
});
