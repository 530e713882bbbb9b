// A major version upgrade by logical replication, an hour of regret compressed to seconds, and back to the old version with every write.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "major-upgrade",
  question: "When clients have worked on the new major version of PostgreSQL, do they get back to the old one within 8 s without losing what they wrote?",
  learn: `
    A new major version can't be undone by putting the old programs back: they don't read its files. Logical
    replication can lead there, and back, if it was prepared before the switch. Clients work on the new version,
    regret it, and are led back to the old one with all that they wrote. Sequences are not replicated: without care
    the first insert after each switch collides. And whoever is held too long has timed out. The drill measures how
    long people were held, in both directions.`,
  sources: ["PostgreSQL's documentation, Restrictions of logical replication", "courtlistener, issue 2060"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", blueGreen: { upgrade: true } },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 60, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "switch-back", decide: { on: "completion", delayMs: 2_000 } },
  objectives: {
    recovery: { maxMs: 40_000 },
    rollback: { maxMs: 8_000 },
    loss: { maxLostWrites: 0 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
