// A drill that must be missed: the old volume is mounted again as it was, and what was written on the new one stays there.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "volume-left-behind",
  question: "If the server goes back to its old volume as that was at the swap, what do clients lose?",
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", volumeSwap: {} },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "volume-back", bring: false, decide: { on: "completion", delayMs: 1_500 } },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
