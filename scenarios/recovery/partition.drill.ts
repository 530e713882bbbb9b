// The network between clients and the database swallows every packet in the midst of the backfill, and tells nobody.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "partition",
  question: "If clients are cut off by a silent partition for 4 s during the backfill, is every operation accounted for, and do we get back within 15 s?",
  learn: `
    A connection that is refused is bad news quickly told. A network that swallows packets tells nobody: clients
    hang on answers that never come, pools fill with connections that are dead, and the server holds the locks of
    transactions whose owners are gone. What counts now is who gives up when. The drill cuts clients off for four
    seconds without a word. Their time-outs, and not the length of the partition alone, make the outage that people
    see. Look at what is indeterminate afterwards: operations whose commit may or may not have happened, which no
    honest count can call lost or saved.`,
  sources: ["GitHub, 21 October 2018"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "partition", on: "clients", at: { within: "backfill-names", progress: 0.3 }, healAfterMs: 4_000 }],
  rollback: { decide: { on: "alert", delayMs: 200 } },
  objectives: {
    recovery: { maxMs: 15_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
