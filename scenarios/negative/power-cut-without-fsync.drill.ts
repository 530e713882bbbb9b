// A drill that must be missed: a server that doesn't sync what it acknowledges, and a power cut.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "power-cut-without-fsync",
  question: "With fsync turned off, does an acknowledged write survive a power cut?",
  learn: `
    fsync = off makes a backfill fly, and sooner or later somebody leaves it so. While the machine keeps its power
    nothing is ever lost, and each test with a killed process confirms it. One power cut shows the difference:
    acknowledged writes are gone, if the database starts at all. The drill states them, record for record. A setting
    that trades durability for speed belongs into a list that is checked after each migration.`,
  system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { settings: { fsync: "off" } } },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "power-cut", torn: false, at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 500 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  expect: { verdict: "missed", missed: ["loss"], findings: ["write-lost"] },
});
