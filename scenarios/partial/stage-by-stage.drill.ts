// The way back is walked in stages: after each batch the system's rules are asked, and a pause lets the clients breathe.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "stage-by-stage",
  question: "If customers' names were masked by mistake, can we put them back in stages, with every rename since then kept?",
  learn: `
    Names were masked by mistake, and are to be put back, but not over what customers have changed since. And not in
    one statement either, which would lock every row to its end. The way back goes batch by batch, asks the system's
    own rules after each, and pauses. In its middle the server is killed; it goes on from its journal. Undoing a
    change of data is a migration of its own, and deserves what those have: batches, a journal, checks, and the
    originals, which somebody must have kept.`,
  sources: ["pgroll, issue 374: values that a step back doesn't bring back"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/mask-names" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "mask-names", progress: 0.3, during: "rollback" }, healAfterMs: 800 }],
  rollback: { staged: { pauseMs: 100 }, decide: { on: "completion", delayMs: 500 } },
  objectives: { recovery: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
