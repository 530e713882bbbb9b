// The server's clock is set back by a minute while the migration begins, and the way back is named by a time.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "clock-set-back",
  question: "If the server's clock is set back by a minute during the migration, does recovery to the time before it still end there?",
  learn: `
    A restore "to 14:03" believes a clock. When the server's clock jumps, as it does when a time server misleads it
    or a machine wakes up, commits carry times out of order, and a recovery that is to stop at a time stops at the
    first commit beyond it. The drill sets the clock back by a minute as the migration begins and then goes back by
    time. Name the moment by a restore point or a position in the log where you can; where only the time is known,
    look at what came back before you open the doors.`,
  sources: ["Resend, 21 February 2024: a restore that ended at the wrong time"],
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "clock-skewed", offsetMs: -60_000, at: { before: "add-columns" }, healAfterMs: 4_000 }],
  rollback: { strategy: "pitr", to: "time", decide: { on: "completion" } },
  objectives: {
    recovery: { maxMs: 30_000 },
    loss: { maxLostWrites: 5_000, maxLossWindowMs: 20_000 },
    structure: { maxDifferences: 0 },
    integrity: { maxProblems: 0 },
    invariants: { maxViolated: 0 },
  },
});
