// The frame of the facts on a real server: what strangers, rewrites, locks, slow queries and an aborted run do to them.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import pg from "pg";
import { monotonicMs, startClock } from "../../harness/base/clock.ts";
import { waitUntil } from "../../harness/base/deadline.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { EvidenceWriter, readJson } from "../../harness/evidence/run-directory.ts";
import { captureFacts, type InvariantFact } from "../../harness/observe/facts.ts";
import { inFrame, LIMITS, type Limits } from "../../harness/observe/frame.ts";
import { ownReplication, proveQuiescence } from "../../harness/observe/quiescence.ts";
import { openTopology, type Held } from "../faults/contract.ts";
import { temporaryFolder } from "../support/drills.ts";

let held: Held;
let observer: pg.Client;
let stranger: pg.Client;
const shared = { meta: { sharesServices: true } };
beforeAll(async () => {
  held = await openTopology("process", "own");
  observer = await held.topology.observer("facts");
});
afterAll(async () => {
  await observer.end();
  await held.close();
});
beforeEach(async () => {
  stranger = await held.topology.observer("somebody");
  await stranger.query("set application_name = 'psql'");
});
afterEach(async () => { await stranger.end(); });

const CLEAN = "drop table if exists public.full_one cascade; drop materialized view if exists public.summary";
/** Until a session waits for a lock, or holds on in a sleep. */
const until = (client: pg.Client, where: string) => waitUntil({
  what: where, withinMs: 5_000, check: async () => ((await client.query(`select from pg_stat_activity where pid <> pg_backend_pid() and ${where}`)).rowCount === 0 ? undefined : true),
});

describe("quiescence", () => {
  const quiet = (withinMs = 300, own = ownReplication(held.topology.cluster, undefined)) => proveQuiescence(observer, { withinMs, own });

  test("is proven with our replica streaming and nobody else there, and not where the replica is nobody we know", shared, async () => {
    await stranger.end();
    expect(await quiet(5_000)).toMatch(/^0 backends of clients, 0 replicas behind, 0 prepared transactions(; the server's own, and let be: autovacuum: .*)?$/);
    await expect(quiet(300, {})).rejects.toThrow(/not ours and at work: pid \d+ \(walsender, role turnback, "replica"/);
  });

  test("is proven with a stranger that is idle, who is named", shared, async () => {
    expect(await quiet(5_000)).toMatch(/^0 backends .*; warning: connected and idle, not ours: pid \d+ \(role turnback, "psql", in app\): idle/);
  });

  test("is proven while autovacuum is at work, which is named", { ...shared, timeout: 60_000 }, async () => {
    await stranger.query("alter system set autovacuum_naptime = 1");
    await stranger.query("alter system set autovacuum_vacuum_cost_delay = '100ms'");
    await stranger.query("alter system set autovacuum_vacuum_cost_limit = 1");
    await stranger.query("select pg_reload_conf(); create table dusty with (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0) as select g as id, repeat('x', 500) as text from generate_series(1, 20000) g; delete from dusty where id % 2 = 0");
    try {
      await waitUntil({ what: "autovacuum", withinMs: 30_000, check: async () => ((await observer.query("select from pg_stat_activity where query like 'autovacuum: VACUUM%dusty%'")).rowCount === 0 ? undefined : true) });
      await stranger.end();
      expect(await quiet(5_000)).toMatch(/^0 backends .*; the server's own, and let be: .*autovacuum: VACUUM.* public\.dusty in app/);
    } finally {
      for (const name of ["autovacuum_naptime", "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit"]) await observer.query(`alter system reset ${name}`);
      await observer.query("select pg_reload_conf()");
      await observer.query("drop table dusty");
    }
  });

  test.for([
    ["a query", "select pg_sleep(5), 'secret', 4711", /at work: pid \d+ \(role turnback, "psql", in app\): active since [^:]+:\d\d:\d\dZ: select pg_sleep\(\?\), \?, \?; end it/],
    ["an index that is being built", "create index slow_idx on customers ((pg_sleep(0.02) is null))", /active since .*: create index slow_idx on customers/],
    ["a transaction that is open", "begin; update customers set name = name where id = 1", /idle in transaction since/],
  ] as const)("is not proven while a stranger is at work: %s", shared, async ([, sql, says]) => {
    const asked = stranger.query(sql.replace("pg_sleep(0.02) is null", "sleepy(id::int)")).catch(() => undefined);
    if (sql.startsWith("create")) {
      await asked; // there is no such function yet
      await observer.query("create function sleepy(int) returns int immutable language plpgsql as 'begin perform pg_sleep(0.02); return $1; end'");
    }
    const again = sql.startsWith("create") ? stranger.query("create index slow_idx on customers (sleepy(id::int))").catch(() => undefined) : asked;
    await until(observer, "application_name = 'psql' and state <> 'idle'");
    await expect(quiet()).rejects.toThrow(says);
    await observer.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'psql'");
    await again;
    expect(await quiet(5_000)).not.toContain("not ours");
    await observer.query("drop function if exists sleepy(int) cascade");
  });

  test("is not proven while somebody else has changes sent to him", shared, async () => {
    const { address: { host, port }, password } = held.topology.access("turnback", "direct");
    const reader = new pg.Client({ host, port, user: "turnback", password, database: "app", application_name: "cdc", replication: "true" } as pg.ClientConfig);
    reader.on("error", () => undefined);
    await reader.connect();
    expect(await quiet(5_000)).toMatch(/idle, not ours: .*walsender, role turnback, "cdc"/);
    const { rows: [at] } = await observer.query<{ lsn: string }>("select pg_current_wal_lsn() as lsn");
    reader.query(`START_REPLICATION PHYSICAL ${at?.lsn}`).catch(() => undefined);
    await until(observer, "pid in (select pid from pg_stat_replication where application_name = 'cdc')");
    await expect(quiet(1_000)).rejects.toThrow(/at work: .*walsender, role turnback, "cdc"/);
    await observer.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cdc'");
  });
});

describe("a rewrite that commits while facts are taken", () => {
  const counted = (sql: string) => async () => Number((await observer.query<{ n: string }>(`select count(*) as n from ${sql}`)).rows[0]?.n);
  const nothing = () => Promise.resolve();
  beforeEach(async () => {
    await stranger.query(CLEAN);
    await stranger.query("create table full_one as select g as id, g::text as text from generate_series(1, 1000) g; create materialized view summary as select count(*) from full_one");
  });
  afterEach(async () => { await stranger.query(CLEAN); });

  test.for([
    ["another type", "alter table full_one alter column id type bigint"],
    ["a new file", "cluster full_one using full_one_idx"],
    ["emptied and filled", "truncate full_one; insert into full_one select g, g::text from generate_series(1, 1000) g"],
  ])("is not half seen: %s", shared, async ([, sql]) => {
    await stranger.query("drop materialized view summary; create index full_one_idx on full_one (id)");
    const during = async (frame: () => Promise<number>) => {
      await stranger.query(`begin; ${sql === undefined || sql.startsWith("cluster") ? "lock full_one" : sql}`);
      if (sql?.startsWith("cluster")) await stranger.query("alter table full_one alter column text type varchar(20) using text || ''");
      const asked = frame();
      const other = await held.topology.observer("looks");
      await until(other, "wait_event_type = 'Lock' and application_name = 'turnback-facts'");
      await other.end();
      await stranger.query("commit");
      return asked;
    };
    // Without the locks first the snapshot is older than the rewrite: that is what this is about.
    await observer.query("begin isolation level repeatable read");
    await observer.query("select");
    expect(await during(counted("full_one"))).toBe(0);
    await observer.query("rollback");
    await stranger.query("drop table full_one; create table full_one as select g as id, g::text as text from generate_series(1, 1000) g");
    expect(await during(async () => (await inFrame(observer, LIMITS, counted("full_one"), nothing))[0])).toBe(1_000);
  });

  test("of a materialised view has everything read once more", shared, async () => {
    let reads = 0;
    await stranger.query("begin; insert into full_one values (1001, 'more'); refresh materialized view summary");
    const asked = inFrame(observer, LIMITS, async () => [reads += 1, await counted("full_one")(), (await observer.query<{ count: string }>("select count from summary")).rows[0]?.count], nothing);
    const other = await held.topology.observer("looks");
    await until(other, "wait_event_type = 'Lock' and application_name = 'turnback-facts'");
    await other.end();
    await stranger.query("commit");
    expect((await asked)[0]).toEqual([1, 1_001, "1001"]); // the one that was half seen was never read
  });
});

describe("tables that come, go or are rewritten between the two looks", () => {
  const nothing = () => Promise.resolve();
  const MADE = ["come", "go", "anew", "come_0", "come_1", "come_2"];
  const clean = () => observer.query(MADE.map((name) => `drop table if exists ${name}`).join(";"));
  beforeEach(clean);
  afterEach(clean);
  test.for<[string, string, string]>([
    ["one that came", "", "create table come (id int)"], ["one that went", "create table go (id int)", "drop table go"], ["one that was rewritten", "create table anew as select 1 as id", "truncate anew"],
  ])("have everything looked at once more: %s", shared, async ([, first, sql]) => {
    if (first !== "") await stranger.query(first);
    const looking = await held.topology.observer("looks");
    let [reads, looks] = [0, 0];
    let disturbed: Promise<unknown> = nothing();
    const [read, look] = await inFrame(observer, LIMITS, async () => {
      if ((reads += 1) > 1) return reads;
      disturbed = stranger.query(sql);
      // What waits for the first look's locks gets them before the second look asks.
      await (first === "" ? disturbed : until(looking, "wait_event_type = 'Lock' and application_name = 'psql'"));
      return reads;
    }, async () => (looks += 1));
    await disturbed;
    await looking.end();
    expect([read, look]).toEqual([2, 1]);
  });

  test("ends with an error where they keep doing so, and each attempt is undone", shared, async () => {
    let tries = 0;
    const asked = inFrame(observer, LIMITS, () => stranger.query(`create table come_${tries++} (id int)`), nothing);
    await expect(asked).rejects.toMatchObject({ code: "facts-unsteady", kind: "run", message: "tables changed while facts were taken, 3 times in a row: tables came or went" });
    expect(tries).toBe(3);
    await expect(inFrame(observer, LIMITS, () => Promise.resolve("read"), () => Promise.resolve("looked"))).resolves.toEqual(["read", "looked"]);
  });

  test("what no entity reads is of the same snapshot as the records", shared, async () => {
    await stranger.query("create table come (id int primary key, note text); insert into come values (1, 'before')");
    await using folder = await temporaryFolder();
    const evidence = new EvidenceWriter(folder.path, startClock());
    const query = "select id::text as key from come";
    const system = { ...(await readSystem("fixtures/systems/shop")), entities: [{ name: "come", key: "key", before: query, after: query, counters: [], references: [], derived: false }], invariants: [{ name: "slow", query: "select 1 as one from pg_sleep(1) s where s::text = 'never'" }] };
    const asked = captureFacts([{ client: observer, reader: observer, system }], evidence, "before");
    await until(stranger, "wait_event = 'PgSleep' and application_name = 'turnback-facts'");
    await stranger.query("insert into come values (2, 'meanwhile')");
    await asked;
    const unread = await readJson<{ readonly name: string; readonly rows: number | null }[]>(folder.path, "before/unread.json");
    expect(unread?.find(({ name }) => name === "come")).toMatchObject({ rows: 1 });
  });
});

describe("time-outs and the run's signal", () => {
  const BUSY = "select 1 as one from pg_sleep(60)";
  const facts = async (system: { readonly entities?: readonly object[]; readonly invariants?: readonly object[] }, options: { limits?: Limits; signal?: AbortSignal }) => {
    await using folder = await temporaryFolder();
    const whole = { ...(await readSystem("fixtures/systems/shop")), entities: [], invariants: [], ...system } as Awaited<ReturnType<typeof readSystem>>;
    await captureFacts([{ client: observer, reader: observer, system: whole }], new EvidenceWriter(folder.path, startClock()), "after", options);
    return { invariants: await readJson<InvariantFact[]>(folder.path, "after/invariants.json") };
  };
  const entity = (before: string) => ({ name: "customer", key: "key", before, after: before, counters: [], references: [], derived: false });

  test("a lock that stays names who holds it", shared, async () => {
    await stranger.query("begin; lock table customers");
    await expect(facts({}, { limits: { ...LIMITS, lockMs: 200 } })).rejects.toMatchObject({
      code: "facts-locked", place: "table customers", message: expect.stringMatching(/locked for 200 ms: customers by pid \d+ \(role turnback, "psql", in app\): idle in transaction/) as string,
    });
    await stranger.query("rollback");
    await expect(facts({}, { limits: { ...LIMITS, lockMs: 200 } })).resolves.toBeDefined();
  });

  test("a slow invariant has an error, a slow entity ends the run", shared, async () => {
    const limits = { ...LIMITS, statementMs: 1_000 };
    const { invariants } = await facts({ invariants: [{ name: "slow", query: BUSY }, { name: "quick", query: "select 1 where false" }] }, { limits });
    expect(invariants).toMatchObject([{ name: "slow", error: "it gave no answer within 1000 ms" }, { name: "quick", violations: 0 }]);
    await expect(facts({ entities: [entity("select 'a' as key from pg_sleep(60)")] }, { limits })).rejects.toMatchObject({ code: "query-timed-out", place: "entity customer, before" });
  });

  test.for([
    ["an invariant", { invariants: [{ name: "slow", query: BUSY }] }],
    ["an entity", { entities: [entity("select 'a' as key from pg_sleep(60)")] }],
  ] as const)("an abort ends them soon, also on the server: %s", shared, async ([, system]) => {
    const stop = new AbortController();
    const asked = facts(system, { signal: stop.signal });
    const ended = asked.catch((error: unknown) => error);
    await until(stranger, "wait_event = 'PgSleep'");
    const at = monotonicMs();
    stop.abort(new Error("interrupted"));
    expect(await ended).toMatchObject({ message: "interrupted" });
    await observer.end();
    await waitUntil({ what: "the end of the backend", withinMs: 2_000, check: async () => ((await stranger.query("select from pg_stat_activity where application_name = 'turnback-facts'")).rowCount === 0 ? true : undefined) });
    expect(monotonicMs() - at).toBeLessThan(2_000);
    observer = await held.topology.observer("facts");
  });
});
