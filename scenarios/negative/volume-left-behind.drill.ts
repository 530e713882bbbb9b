// A drill that must be missed: the old volume is mounted again as it was, and what was written on the new one stays there.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "volume-left-behind",
  question: "If the server goes back to its old volume as that was at the swap, what do clients lose?",
  learn: `
    The server's files were copied to a new volume, and the old one was kept. Mounting it again is quick, and brings
    back the state as of the copy. Whatever was written on the new volume stays there. The drill must be missed for
    exactly these writes. It is the same mistake as with a snapshot, and harder to see, because the old disk looks
    like the database: it starts, it answers, it is only a little older than everybody thinks. Label volumes that
    were left with the moment at which they were.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", volumeSwap: {} },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "volume-back", bring: false, decide: { on: "completion", delayMs: 1_500 } },
  objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
