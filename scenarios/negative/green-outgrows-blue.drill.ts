// A drill that must be missed: what is written on green breaks a rule of blue's, so replication stops, and there is no way back.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "green-outgrows-blue",
  question: "If orders on green begin with a status that blue's check constraint refuses, can clients still be led back?",
  learn: `
    The new schema allows what the old one forbids. As soon as one client writes such a row, replication back to the
    old server stops at it, quietly, and with each second the way back costs more. Whoever then goes back finds it
    closed. Before you loosen a rule on the new side, loosen it on the old one, too; and alert on the lag of the way
    back as you would on that of a replica, since that is what it is.`,
  sources: ["nango, pull request 6381: ids that no longer fit the old type", "Basecamp, November 2018"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/receive-orders", blueGreen: {} },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "switch-back", decide: { on: "completion", delayMs: 1_500 } },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["completion", "structure"] },
});
