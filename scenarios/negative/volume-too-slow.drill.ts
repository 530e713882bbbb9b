// A drill that must be missed: everything is copied back and compared, with clients held, and that takes its time.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "volume-too-slow",
  question: "Is the server back on its old volume within half a second, with what was written since?",
  learn: `
    To lose nothing, what was written on the new volume is copied back and every file compared, while clients are
    held. That is as slow as the disks are, whatever the objective says. Half a second isn't enough for fifty
    megabytes here; find out what it is for your terabytes, because it doesn't get better. Where that is too long,
    the old volume must be kept up while the new one is in use, which is what replication is for.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/analyze", volumeSwap: {} },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 50, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "volume-back", decide: { on: "completion" } },
  objectives: { rollback: { maxMs: 500 }, loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 } },
  expect: { verdict: "missed", missed: ["rollback"] },
});
