// The link breaks while the second server still follows: clients never leave the first one, and nothing of the attempt is left on it.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "never-switched",
  question: "If the link to the second server breaks while its tables are copied, is the attempt given up with no harm and no slot left behind?",
  learn: `
    An upgrade beside the running server is given up before anybody has been led to it: that should be the cheapest
    way back there is, and it has a bill of its own. A replication slot that nobody reads keeps all WAL from then
    on, until the disk is full, days after the attempt was forgotten. Half-copied tables, a publication and a role
    may stay, too. The drill breaks the link while the tables are copied, lets the deadline pass, and then looks at
    the first server for what the attempt has left. Give the tidying up of an attempt that failed the same care as
    the switch, and put the age of each slot on a dashboard.`,
  sources: ["supabase/postgres, pull request 707: a slot survives a rollback, and WAL is kept until the disk is full"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", blueGreen: { upgrade: true } },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "timeout", on: "replication", at: { within: "follow", progress: 0.3 }, healAfterMs: 6_000 }],
  rollback: { strategy: "switch-back", decide: { on: "deadline", deadlineMs: 4_000 } },
  objectives: {
    availability: { min: 0.99 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
