// A drill that must be missed: nothing is passed on from green, so what clients wrote there is lost with it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "green-kept-to-itself",
  question: "If nothing is replicated from green to blue after the switch, what does going back lose?",
  learn: `
    A switch to a second server takes a second and looks the same whether or not anything leads back. Here nothing
    does: what clients write on the new server reaches the old one never, and going back loses all of it. The
    runbook said "we can always switch back", which was true of the traffic. Ask of each blue-green plan: from the
    moment of the switch on, who carries the writes back, who watches that it keeps up, and until when?`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", blueGreen: { upgrade: true, backward: false } },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "switch-back", decide: { on: "completion", delayMs: 1_500 } },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
