// A verified snapshot takes the place of the data, and is compared with what was before.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "rehydrated",
  question: "If a snapshot replaces the migrated data, is everything as it was when it was taken, within 20 s and for the writes of less than 20 s?",
  learn: `
    Rehydrating is the way back that needs no thought about the migration at all: throw the data away, and take a
    copy that is known to be good. Known is the word that counts. The backup here carries a manifest with a checksum
    for each file, is verified before anybody needs it, and what came of it is compared with the baseline: each row,
    each index, each privilege. The price is the age of the snapshot in writes, which the drill counts and declares.
    Ask when your newest snapshot was last restored anywhere, and by whom.`,
  sources: ["GitLab, 31 January 2017: backups that had never been restored"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "snapshot", decide: { on: "completion", delayMs: 500 } },
  objectives: {
    recovery: { maxMs: 20_000 },
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
