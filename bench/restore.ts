// Backup, point-in-time recovery and reset of the shop's database, in each runtime that this machine has.

import { startClock } from "../harness/base/clock.ts";
import { drillSchema } from "../harness/drill/schema.ts";
import { readSystem } from "../harness/drill/parse.ts";
import { Backups } from "../harness/rollback/backups.ts";
import { chooseRuntime, openRuntime } from "../harness/topology/open-runtime.ts";
import { keepVolumes } from "../harness/topology/docker-volumes.ts";
import { startTopology } from "../harness/topology/topology.ts";
import { smallDrill } from "../test/support/drills.ts";
import { spread } from "./figures.ts";

const TIMES = 3;
const RESETS = 6;
/** Some 100 MB. */
const RESET_SCALE = 0.65;

export async function restore(): Promise<void> {
  const declared = drillSchema.parse(smallDrill({ system: { path: "fixtures/systems/shop", scale: RESET_SCALE } }));
  const system = await readSystem(declared.system.path);
  const timed = async <T>(into: number[], work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    into.push((performance.now() - from) / 1_000);
    return result;
  };
  for (const kind of new Set(["process", (await chooseRuntime("auto")).kind] as const)) {
    await using _volumes = keepVolumes(); // as a suite does
    const open = () => openRuntime({ kind, why: "bench" }, `bench-${startClock().startMonotonicNs}`);
    const resets: number[] = [];
    let size = 0;
    for (let i = 0; i < RESETS; i++) {
      await using runtime = await open();
      // The first one may have to build what the others find prepared.
      const topology = await timed(i === 0 ? [] : resets, () => startTopology({ runtime, drill: declared, system, say: () => undefined, onSecret: () => undefined }));
      const client = await topology.observer("bench");
      const { rows: [row] } = await client.query<{ bytes: string }>("select ((select sum(size) from pg_ls_waldir()) + (select sum(pg_database_size(oid)) from pg_database))::text as bytes");
      size = Number(row?.bytes) / 1e6;
      await client.query("update customers set name = name || ' ' where id % 20 = 0"); // what a drill leaves behind
      await client.end();
    }
    const drill = drillSchema.parse(smallDrill({ system: { ...declared.system, scale: 1 }, rollback: { strategy: "pitr" } }));
    const [backupsTook, pitrTook]: [number[], number[]] = [[], []];
    let megabytes = 0;
    for (let i = 0; i < TIMES; i++) {
      await using runtime = await open();
      const topology = await startTopology({ runtime, drill, system, say: () => undefined, onSecret: () => undefined });
      const backups = new Backups(topology, (event) => { if (event.kind === "backup" && event.state === "taken") megabytes = (event.bytes ?? 0) / 1e6; });
      await timed(backupsTook, () => backups.take());
      const client = await topology.observer("bench");
      const { rows: [point] } = await client.query<{ wal: string }>("select pg_walfile_name(pg_create_restore_point('bench')) as wal");
      await client.query("create table written_after as select from generate_series(1, 100000)");
      await client.end();
      await timed(pitrTook, () => backups.restore({ settings: { recovery_target_name: "bench" }, wal: point?.wal, says: "bench" }, new AbortController().signal));
    }
    console.log(`  ${kind}: reset of ${size.toFixed(0)} MB between drills ${spread(resets, 2)} s; backup of ${megabytes.toFixed(0)} MB, verified, ${spread(backupsTook, 2)} s, restored to a point ${spread(pitrTook, 2)} s`);
  }
}
