// A drill that must be missed: the migration is completed after a crash, and one of its statements takes effect a second time.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "resumed-twice",
  question: "If the server dies between a step's statement and its journal, does completing the migration leave the data right?",
  learn: `
    A step without a transaction was killed between two of its statements. Its state says that it was begun, so it
    is taken up again from its start, and the first statement takes effect a second time. It is the most ordinary
    way in which a "dirty" migration is cleaned up. Statements outside a transaction must be such that a second time
    changes nothing; where that can't be had, the work belongs into batches that are journalled with their effect.`,
  sources: ["golang-migrate, issue 282", "prisma, issue 10561"],
  system: { path: "fixtures/systems/shop", scale: 0.02 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-resumed-twice" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 60, connections: 10, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "put-back", progress: 0.5 }, healAfterMs: 500 }],
  rollback: { strategy: "resume", records: "before", decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["consistency"], findings: ["altered-write"] },
});
