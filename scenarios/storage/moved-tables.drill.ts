// Tables move to another disk, and back; on the way back there is no room for them for a while.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "moved-tables",
  question: "When tables were moved to another disk, and the old one is full when they are to come back, does everything end where it was?",
  learn: `
    Tables were moved to another disk, and are to come back to one that has filled up meanwhile. The step back fails
    for want of room, and must leave everything where it was: a table is moved as a whole, or not at all. When there
    is room again the way back goes on from its journal. Moving back needs the space of the whole table beside all
    that is there, and it is seldom reserved, because the move was made to save that very space. Reserve it until
    the way back has expired.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/move-orders" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "disk-full", files: "tables", at: { before: "move-orders", during: "rollback" }, healAfterMs: 1_000 }],
  rollback: { decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 15_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
});
