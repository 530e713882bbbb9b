// A drill that must be missed: each stage puts old names back over those that clients have given since.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "stages-overwrite",
  question: "Is it noticed when a way back in stages overwrites names that customers have changed since?",
  learn: `
    Each chunk passes its inspection: no rule is broken, every customer has a name. It is only not the name that
    some of them chose an hour ago, when the old one was put back over it. Looking between stages finds what is
    against a rule, and nobody wrote the rule that a customer's own change must stand. The ledger knows what each
    client was told last, and names the customers. A backward script that writes must say over what it may write.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-overwrites-renames" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { staged: { pauseMs: 50 }, decide: { on: "completion", delayMs: 2_000 } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
