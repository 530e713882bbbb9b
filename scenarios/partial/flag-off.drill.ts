// The quickest way back: the new code is behind a flag, and only that is turned off; what was added stays.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "flag-off",
  question: "When the migration breaks off after the new code was switched on, is turning its flag off enough, and at once?",
  learn: `
    The new code is in production behind a flag, and the migration breaks off after it was turned on. The quickest
    way back touches no schema: turn the flag off, look whether the service is as healthy as before, and leave the
    added columns for another day. The drill measures how quick, and that nothing is lost. It holds as long as old
    and new code can both live with the schema that is there, which is what expand-and-contract buys. A flag has an
    owner and a day on which it goes; turnback plan tells its age.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { before: "retire-name" }, healAfterMs: 500 }],
  rollback: { strategy: "flag", decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 20_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
