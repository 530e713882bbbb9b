// Backups: what a restore brings back, and what happens when it can't.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../../harness/base/deadline.ts";
import { startClock } from "../../harness/base/clock.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { integrityFacts } from "../../harness/observe/integrity/integrity.ts";
import { Backups, segments } from "../../harness/rollback/backups.ts";
import { pitr } from "../../harness/rollback/restore.ts";
import type { WayBackContext } from "../../harness/rollback/way-back.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import type { Runtime } from "../../harness/topology/runtime.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

const shared = { meta: { sharesServices: true } };
const never = new AbortController().signal;
let runtime: Runtime;
let topology: Topology;
const events: RunEvent[] = [];

async function sql(text: string): Promise<string | undefined> {
  const client = await topology.observer("test");
  try {
    const { rows: [row] } = await client.query<unknown[]>({ text, rowMode: "array" });
    return row === undefined ? undefined : String(row[0]);
  } finally {
    await client.end();
  }
}

/** A restore target at this moment, as the way back `pitr` marks it. */
async function mark(name: string) {
  const wal = await sql(`select pg_walfile_name(pg_create_restore_point('${name}'))`);
  await sql("select pg_switch_wal()");
  // Whoever damages it in the archive must come after the archiver, who would put it right again.
  await waitUntil({ what: `${wal} in the archive`, withinMs: 30_000, check: async () => ((await sql(`select last_archived_wal >= '${wal}' from pg_stat_archiver`)) === "true" ? true : undefined) });
  return { settings: { recovery_target_name: name }, wal, says: name };
}

const unasked = (why: string) => { throw new Error(`nobody ended the server: ${why}`); };
const systemIdentity = () => sql("select system_identifier || ' ' || (select timeline_id from pg_control_checkpoint()) from pg_control_system()");

beforeAll(async () => {
  const drill = drillSchema.parse(smallDrill({ rollback: { strategy: "pitr" } }));
  runtime = await openRuntime({ kind: "process", why: "test" }, `backups-${startClock().startMonotonicNs}`);
  topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
  await sql("create table notes (note text)");
});
afterAll(async () => { await runtime[Symbol.asyncDispose](); });

describe("backups", () => {
  const backups = () => new Backups(topology, (event) => { events.push(event); }, unasked);

  test("a restore brings back exactly what was committed before its target, and the next one starts from there", shared, async () => {
    const kept = backups();
    await sql("insert into notes values ('before the backup')");
    await kept.take();
    await sql("insert into notes values ('after the backup')");
    const target = await mark("first");
    await sql("insert into notes values ('after the target')");
    const before = await systemIdentity();
    await kept.restore(target, never);
    expect(await sql("select string_agg(note, ', ' order by note desc) from notes")).toBe("before the backup, after the backup");
    expect(await systemIdentity()).not.toBe(before);
    expect(events.at(-1)).toMatchObject({ kind: "backup", state: "restored", detail: expect.stringContaining("on timeline 2") as string });
    expect(await sql("select count(*) from pg_file_settings where sourcefile like '%auto.conf'")).toBe("0");
  });

  test("when the recovery fails, the data that it replaced is back, and says why", shared, async () => {
    const kept = new Backups(topology, () => undefined, unasked);
    await topology.postgres.shell(`rm -rf "$BACKUPS"/base-*`);
    await kept.take();
    const target = await mark("second");
    await sql("insert into notes values ('kept')");
    await topology.postgres.shell(`head -c 16777216 /dev/zero > "$BACKUPS/wal/${target.wal}"`);
    await expect(kept.restore(target, never)).rejects.toThrow(/base-1 was restored, and did not recover to second: .*FATAL: +recovery ended before configured recovery target was reached/);
    expect(await sql("select count(*) from notes where note = 'kept'")).toBe("1");
  });

  test.for([["killed", () => topology.postgres.kill()], ["shut down", () => topology.postgres.stop()]] as const)("a server that is %s while it recovers is started again, and reaches the target", shared, async ([how, end]) => {
    const retried: string[] = [];
    const kept = new Backups(topology, () => undefined, (why) => { retried.push(why); });
    await topology.postgres.shell(`rm -rf "$BACKUPS"/base-*`);
    await kept.take();
    await sql(`insert into notes values ('${how}')`);
    const marked = await mark(how);
    const target = { ...marked, settings: { ...marked.settings, recovery_min_apply_delay: "2s" } }; // so that there is time to strike
    await sql("insert into notes values ('after the target')");
    const logged = () => readFileSync(topology.postgres.logFile, "utf8").split(/starting (?:backup|point-in-time) recovery/).length;
    const before = logged();
    const struck = waitUntil({ what: "the recovery", withinMs: 30_000, everyMs: 1, check: () => (logged() > before ? true : undefined) }).then(end);
    await Promise.all([kept.restore(target, never), struck]);
    expect(retried.length, retried.join("; ")).toBe(1);
    expect(await sql("select count(*) from notes where note = 'after the target'")).toBe("0");
    expect(await sql(`select count(*) from notes where note = '${how}'`)).toBe("1");
    expect(await sql("select count(*) from pg_file_settings where sourcefile like '%auto.conf'")).toBe("0");
  });

  test("without an intact backup nothing is touched, and each refusal has its reason", shared, async () => {
    const refused: RunEvent[] = [];
    const kept = new Backups(topology, (event) => { refused.push(event); }, unasked);
    await topology.postgres.shell(`rm -rf "$BACKUPS"/base-*`);
    await kept.take();
    await kept.take();
    const target = await mark("third");
    await topology.postgres.shell(`echo x >> "$BACKUPS/base-1/PG_VERSION"; rm "$BACKUPS/base-2/global/pg_control"`);
    await expect(kept.restore(target, never)).rejects.toThrow(/no backup can be restored: base-2: .*pg_control.*; base-1: .*PG_VERSION: FAILED/);
    expect(refused.filter((event) => event.kind === "backup" && event.state === "refused").map((event) => event.kind === "backup" && event.label)).toEqual(["base-2", "base-1"]);
    expect(await sql("select count(*) from notes where note = 'kept'")).toBe("1");
  });

  test("going back to a time ends at the marked moment, and not amid what began after it", shared, async () => {
    const back = pitr({ strategy: "pitr", to: "time" } as Parameters<typeof pitr>[0], { topology, record: () => undefined, reach: () => Promise.resolve() } as Pick<WayBackContext, "topology" | "record" | "reach"> as WayBackContext);
    await back.approach(never);
    await back.mark(never);
    const [migrator, client] = await Promise.all([topology.observer("migrator"), topology.observer("client")]);
    await migrator.query("begin");
    await migrator.query("create table half_made as select 'a file of its own' as content"); // its files are there from now on
    await client.query("insert into notes values ('after the target')");
    await migrator.query("commit");
    await Promise.all([migrator.end(), client.end()]);
    await back.goBack(never);
    const restored = await topology.observer("restored");
    await restored.query("begin");
    expect((await integrityFacts(restored)).filter(({ kind }) => kind === "orphaned-files")).toEqual([]);
    expect((await restored.query("select from notes where note = 'after the target'")).rowCount).toBe(0);
    await restored.end();
  });

  test("segments run on over the end of a log", () => {
    expect(segments("0000000100000000000000FE", "000000010000000100000001")).toEqual(["0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000", "000000010000000100000001"]);
    expect(segments("000000020000000000000003", "000000020000000000000003")).toEqual(["000000020000000000000003"]);
  });
});
