// A replica and its promotion: what it keeps, that the old primary stays fenced, and what happens when it can't be done.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type pg from "pg";
import { startClock } from "../../harness/base/clock.ts";
import { waitUntil } from "../../harness/base/deadline.ts";
import { drillSchema, rollbackSchema, type DrillDeclaration } from "../../harness/drill/schema.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { replicaFacts } from "../../harness/observe/replica.ts";
import { createWayBack } from "../../harness/rollback/registry.ts";
import type { WayBackContext } from "../../harness/rollback/way-back.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import type { Runtime, Service } from "../../harness/topology/runtime.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

const never = new AbortController().signal;
let runtime: Runtime;
let topology: Topology;
let context: WayBackContext;
let events: RunEvent[];

beforeEach(async () => {
  runtime = await openRuntime({ kind: "process", why: "test" }, `failover-${startClock().startMonotonicNs}`);
  events = [];
});
afterEach(async () => { await runtime[Symbol.asyncDispose](); });

async function open(over: Partial<DrillDeclaration>) {
  const drill = drillSchema.parse(smallDrill(over));
  const system = await readSystem(drill.system.path);
  topology = await startTopology({ runtime, drill, system, say: () => undefined, onSecret: () => undefined });
  for (const sql of ["create table notes (note text)", "grant insert on notes to app", "insert into notes select 'before' from generate_series(1, 1000)"]) await ask(topology.postgres, sql);
  context = { topology, system, plan: await readPlan(drill.migration.plan), record: (event) => { events.push(event); }, reach: () => Promise.resolve() };
  return createWayBack(drill.rollback, context);
}

async function ask(server: Service, sql: string): Promise<string | undefined> {
  const client = await topology.cluster.connect(server, "test");
  try {
    return await first(client, sql);
  } finally {
    await client.end();
  }
}

async function first(client: pg.Client, text: string): Promise<string | undefined> {
  const { rows: [row] } = await client.query<unknown[]>({ text, rowMode: "array" });
  return row === undefined ? undefined : String(row[0]);
}

const replicated = (replica: object, rollback: object) => ({ system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica } }, rollback: { strategy: "failover" as const, ...rollback } });
const states = () => events.flatMap((event) => (event.kind === "replication" ? [event.state] : []));
const facts = async (limits?: { readonly statementMs: number }) => {
  const client = await topology.observer("test");
  try {
    return (await replicaFacts(topology.cluster, client, undefined, limits)).map(({ kind }) => kind);
  } finally {
    await client.end();
  }
};

describe("failover", () => {
  test("is not held up by its own question while the replica has still to replay what a snapshot stands in the way of", async () => {
    await open(replicated({ mode: "asynchronous" }, {}));
    const replica = topology.cluster.replica!;
    await ask(replica, "select pg_wal_replay_pause()");
    // Rows that a snapshot on the replica still sees, vacuumed away: replay may wait 30 s for who holds such a one.
    for (const sql of ["delete from notes", "vacuum (index_cleanup on) notes", "select pg_switch_wal()"]) await ask(topology.postgres, sql);
    const written = await ask(topology.postgres, "select pg_current_wal_lsn()");
    await waitUntil({ what: "the WAL at the replica", withinMs: 10_000, check: async () => ((await ask(replica, `select pg_last_wal_receive_lsn() >= '${written}'`)) === "true" ? true : undefined) });
    await topology.cluster.fence();
    const from = performance.now();
    await topology.cluster.promote();
    expect(performance.now() - from).toBeLessThan(15_000);
    expect(await ask(topology.postgres, "select count(*) from notes")).toBe("0");
  });

  test("a synchronous replica has what was acknowledged; clients reach it on their old address, the old primary follows", async () => {
    const way = await open(replicated({ mode: "synchronous" }, {}));
    const old = topology.postgres;
    const client = await connect(topology.access("app", "clients"), { name: "test" });
    await client.query("insert into notes values ('acknowledged')");
    await old.kill();
    await way.goBack(never);
    expect(topology.postgres).not.toBe(old);
    const again = await connect(topology.access("app", "clients"), { name: "test" });
    await again.query("insert into notes values ('to the new one')");
    await again.end();
    await way.tidy(never);
    expect(states()).toEqual(["fenced", "promoted", "left-behind", "attached"]);
    expect(await ask(topology.postgres, "select string_agg(note, ', ') from notes where note <> 'before'")).toBe("acknowledged, to the new one");
    expect(await ask(old, "select pg_is_in_recovery()")).toBe("true");
    expect(await ask(topology.postgres, "select sync_state from pg_stat_replication")).toBe("sync");
    expect(await facts()).toEqual([]);
  });

  test("a new primary that dies before it has a replica gets one when it is back, and none while it isn't", async () => {
    const way = await open(replicated({ mode: "synchronous" }, {}));
    await way.goBack(never);
    await topology.postgres.kill();
    const back = waitUntil({ what: "a first attempt", withinMs: 10_000, check: () => (events.some((event) => event.kind === "rollback" && event.state === "retried") ? true : undefined) })
      .then(() => topology.inTurn(() => topology.postgres.start()));
    await Promise.all([way.tidy(never), back]);
    expect(states()).toEqual(["fenced", "promoted", "left-behind", "attached"]);
    expect(await facts()).toEqual([]);
    events = [];
    await topology.postgres.kill();
    await way.tidy(never);
    expect(states()).toEqual(["left-behind", "failed"]);
  });

  test("what an asynchronous replica had not received is lost, and counted in the old primary's WAL, which takes no writes any more", async () => {
    const way = await open(replicated({}, {}));
    await topology.proxies.addToxic("replication", "cut", { type: "timeout", stream: "downstream", attributes: { timeout: 0 } });
    for (let i = 0; i < 3; i++) await ask(topology.postgres, "insert into notes values ('lost')");
    const old = topology.postgres;
    await old.kill();
    await way.goBack(never);
    await old.start(); // as whoever comes to its machine might
    await expect(ask(old, "insert into notes values ('split brain')")).rejects.toThrow(/read-only/);
    await topology.proxies.removeToxic("replication", "cut");
    await way.tidy(never);
    expect(await ask(topology.postgres, "select count(*) from notes where note = 'lost'")).toBe("0");
    expect(events.find((event) => event.kind === "replication" && event.state === "left-behind")).toMatchObject({ server: "postgres", transactions: 3 });
    expect(await facts()).toEqual([]);
  });

  test("a replica that keeps behind is promoted as of the moment before the migration", async () => {
    const way = await open(replicated({ applyDelayMs: 3_600_000 }, { to: "migration-start" }));
    await ask(topology.postgres, "insert into notes values ('kept')");
    await way.mark(never);
    await ask(topology.postgres, "alter table notes add column migrated text");
    await way.goBack(never);
    expect(await ask(topology.postgres, "select string_agg(note, ', ') from notes where note <> 'before'")).toBe("kept");
    expect(await ask(topology.postgres, "select count(*) from information_schema.columns where table_name = 'notes'")).toBe("1");
    expect(await ask(topology.postgres, "select count(*) from pg_file_settings where sourcefile like '%auto.conf' and name ~ 'recovery|hot_standby|conninfo'")).toBe("0");
    await way.tidy(never);
    expect(await facts()).toEqual([]);
  });

  test("a way back that can't be taken leaves the old primary serving, and the replica is rebuilt", async () => {
    const way = await open(replicated({ applyDelayMs: 1 }, { to: "migration-start" }));
    const old = topology.postgres;
    await way.mark(never);
    await ask(old, "alter table notes add column migrated text");
    await waitUntil({ what: "replay", withinMs: 5_000, check: async () => ((await ask(topology.cluster.replica ?? old, "select count(*) from information_schema.columns where table_name = 'notes'")) === "2" ? true : undefined) });
    await expect(way.goBack(never)).rejects.toThrow(/past the migration's start/);
    await way.tidy(never);
    expect(topology.postgres).toBe(old);
    expect(states(), "nothing was touched").toEqual([]);

    const latest = createWayBack(rollbackSchema.parse({ strategy: "failover" }), context);
    await topology.cluster.replica?.kill();
    await expect(latest.goBack(never)).rejects.toThrow(/replica was not promoted/);
    const client = await connect(topology.access("app", "clients"), { name: "test" });
    await client.query("insert into notes values ('served again')");
    await client.end();
    await latest.tidy(never);
    expect(topology.postgres).toBe(old);
    expect(states()).toEqual(["fenced", "attached"]);
  });
});

describe("a replica", () => {
  test("is named for what is wrong with it", async () => {
    await open(replicated({}, {}));
    const { replica } = topology.cluster;
    if (!replica) throw new Error("no replica");
    const follows = () => waitUntil({ what: "the replica follows", withinMs: 10_000, check: async () => ((await ask(topology.postgres, "select count(*) from pg_stat_replication")) === "1" ? true : undefined) });
    expect(await facts()).toEqual([]);

    await replica.stop();
    expect(await facts(), "it does not answer").toEqual(["replica-missing"]);
    await replica.start();
    await follows();

    await ask(replica, "select pg_wal_replay_pause()");
    await ask(topology.postgres, "insert into notes values ('not replayed')");
    expect(await facts(), "it applies nothing").toEqual(["replica-behind"]);
    await ask(replica, "select pg_wal_replay_resume()");

    await ask(topology.postgres, "create table many as select g, repeat('x', 100) as text from generate_series(1, 300000) g");
    await waitUntil({ what: "the replica has them", withinMs: 10_000, check: async () => ((await facts()).length === 0 ? true : undefined) });
    expect(new Set(await facts({ statementMs: 5 })), "nobody knows what can't be counted in time").toEqual(new Set(["unchecked"]));
    await ask(topology.postgres, "drop table many");

    // An old state of the table's file: what a lost write of the replica's own disk leaves.
    const file = await ask(topology.postgres, "select pg_relation_filepath('notes')");
    await ask(topology.postgres, "checkpoint");
    await replica.stop();
    await replica.shell(`cp "$DATA/${file}" "$BACKUPS.old"`);
    await replica.start();
    await ask(topology.postgres, "update notes set note = 'changed'");
    await waitUntil({ what: "the replica has it", withinMs: 10_000, check: async () => ((await facts()).length === 0 ? true : undefined) });
    await ask(topology.postgres, "checkpoint");
    await waitUntil({ what: "the replica's own checkpoint", withinMs: 10_000, check: async () => ((await facts()).length === 0 ? true : undefined) });
    await ask(replica, "checkpoint");
    await replica.stop();
    await replica.shell(`cat "$BACKUPS.old" > "$DATA/${file}"; rm "$BACKUPS.old"`);
    await replica.start();
    await follows();
    expect(await facts(), "it follows, and holds something else").toEqual(["replica-diverged"]);

    await ask(replica, "select pg_promote()");
    expect(await facts(), "it went its own way").toEqual(["replica-timeline"]);
  });
});
