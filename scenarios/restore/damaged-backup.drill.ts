// The newest backup has one flipped bit: it must be refused, and the one before it serve.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "damaged-backup",
  question: "If the newest backup is damaged, do we notice before we need it to be right, and come back from the one before within 45 s?",
  learn: `
    Every team has backups. Fewer have restored one, and fewer still know what happens when the newest is bad. One
    byte is flipped in it. It must be refused, before anything is replaced, and the one before it must serve, with
    the log that leads from there. The scorecard names both. Two things are worth taking home: a backup is one only
    when its checksums were read since it was made, and the time to recover has to be measured from the older one,
    because that is the one you will use.`,
  sources: ["GitLab, 31 January 2017"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "backup-damaged", at: { before: "backfill-names" }, healAfterMs: 9_000 }],
  rollback: { strategy: "pitr", to: "time", decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 45_000 },
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
