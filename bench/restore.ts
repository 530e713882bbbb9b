// Backup, point-in-time recovery and reset of the shop's database, in each runtime that this machine has.

import { startClock } from "../harness/base/clock.ts";
import { drillSchema } from "../harness/drill/schema.ts";
import { readSystem } from "../harness/drill/parse.ts";
import { Backups } from "../harness/rollback/backups.ts";
import { chooseRuntime, openRuntime } from "../harness/topology/open-runtime.ts";
import { startTopology } from "../harness/topology/topology.ts";
import { smallDrill } from "../test/support/drills.ts";
import { spread } from "./figures.ts";

const TIMES = 3;

export async function restore(): Promise<void> {
  const drill = drillSchema.parse(smallDrill({ system: { path: "fixtures/systems/shop", scale: 1 }, rollback: { strategy: "pitr" } }));
  const system = await readSystem(drill.system.path);
  for (const kind of new Set(["process", (await chooseRuntime("auto")).kind] as const)) {
    const seconds = { reset: [] as number[], backup: [] as number[], pitr: [] as number[] };
    let megabytes = 0;
    for (let i = 0; i < TIMES; i++) {
      await using runtime = await openRuntime({ kind, why: "bench" }, `bench-${startClock().startMonotonicNs}`);
      const timed = async <T>(what: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
        const from = performance.now();
        const result = await work();
        seconds[what].push((performance.now() - from) / 1_000);
        return result;
      };
      const topology = await timed("reset", () => startTopology({ runtime, drill, system, say: () => undefined, onSecret: () => undefined }));
      const backups = new Backups(topology, (event) => { if (event.kind === "backup" && event.state === "taken") megabytes = (event.bytes ?? 0) / 1e6; });
      await timed("backup", () => backups.take());
      const client = await topology.observer("bench");
      const { rows: [point] } = await client.query<{ wal: string }>("select pg_walfile_name(pg_create_restore_point('bench')) as wal");
      await client.query("create table written_after as select from generate_series(1, 100000)");
      await client.end();
      await timed("pitr", () => backups.restore({ settings: { recovery_target_name: "bench" }, wal: point?.wal, says: "bench" }, new AbortController().signal));
    }
    console.log(`  ${kind}, ${megabytes.toFixed(0)} MB: fresh services on prepared data ${spread(seconds.reset, 2)} s, base backup verified ${spread(seconds.backup, 2)} s, restored to a point ${spread(seconds.pitr, 2)} s`);
  }
}
