// Back to the moment before the migration, from a base backup and the archived WAL.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "point-in-time",
  question: "If the migrated schema has to go at once, does point-in-time recovery bring the old one back within 45 s, at the price of the last 20 s of writes?",
  learn: `
    The last resort works on every migration, and its price is known: what was written since. This drill puts
    figures to it: seconds to the old state, and the number of acknowledged writes that are gone, by name. It is
    right for a migration that destroys, and wrong for most others; put it beside the plan's own way back with
    turnback compare. Look also at how the target is named. A time means that of the server's clock, a position in
    the log means exactly one moment, and a restore point is a position that somebody thought of beforehand. A
    restore to the wrong moment is found out late and has to be repeated.`,
  sources: ["Resend, 21 February 2024"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "pitr", decide: { on: "completion", delayMs: 500 } },
  objectives: {
    recovery: { maxMs: 45_000 },
    // What this way back costs is declared: it is right for some changes, and never free.
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    consistency: {},
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
