// Unlogged tables, materialized views and stamped columns on a real server: a crash is told from a restart, and a view is asked again only where that says something.

import { afterAll, beforeAll, expect, test } from "vitest";
import type pg from "pg";
import { startClock } from "../../harness/base/clock.ts";
import { waitUntil } from "../../harness/base/deadline.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { EvidenceWriter, readJson, type FactsWhen } from "../../harness/evidence/run-directory.ts";
import { captureFacts } from "../../harness/observe/facts.ts";
import { Views } from "../../harness/observe/materialized.ts";
import type { UnreadTable } from "../../harness/observe/unread.ts";
import { openTopology, type Held } from "../faults/contract.ts";
import { temporaryFolder } from "../support/drills.ts";

let held: Held;
beforeAll(async () => { held = await openTopology("process", "own"); });
afterAll(async () => { await held.close(); });
const shared = { meta: { sharesServices: true } };
const inside = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = await held.topology.observer("unlogged");
  client.on("error", () => undefined); // a server that is killed cuts it off
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
};

async function unread(folder: string, when: FactsWhen): Promise<(name: string) => UnreadTable | undefined> {
  const system = { ...(await readSystem("fixtures/systems/shop")), invariants: [] };
  await inside((client) => captureFacts([{ client, reader: client, system }], new EvidenceWriter(folder, startClock()), when));
  const tables = await readJson<UnreadTable[]>(folder, `${when}/unread.json`);
  return (name) => tables?.find((table) => table.name === name);
}

test("an unlogged table is digested, and a crash since then shows", shared, async () => {
  await using folder = await temporaryFolder();
  await inside((client) => client.query("create unlogged table carts (id integer primary key, body text); insert into carts select i, 'cart ' || i from generate_series(1, 20) i; checkpoint"));
  const before = (await unread(folder.path, "before"))("carts");
  expect(before).toMatchObject({ rows: 20, checksum: expect.stringMatching(/^-?\d+$/) as string, unloggedSince: expect.stringMatching(/^\d+/) as string });
  expect((await unread(folder.path, "after"))("carts")).toMatchObject({ rows: 20, checksum: before?.checksum, unloggedSince: before?.unloggedSince });
  const { rows: [victim] } = await inside((client) => client.query<{ pid: number }>("select pid from pg_stat_activity where backend_type = 'walwriter'"));
  process.kill(victim?.pid ?? 0, "SIGKILL");
  await waitUntil({
    what: "the server back", withinMs: 30_000, everyMs: 100, lastSeen: () => "no answer",
    check: () => inside((client) => client.query("select from pg_stat_activity where backend_type = 'walwriter' and pid <> $1", [victim?.pid])).then(({ rowCount }) => (rowCount ? true : undefined), () => undefined),
  });
  const after = (await unread(folder.path, "after"))("carts");
  expect(after?.rows).toBe(0);
  expect(after?.unloggedSince).not.toBe(before?.unloggedSince);
  await inside((client) => client.query("drop table carts"));
});

test.for<[string, string, string | null]>([
  ["tables", "select status, count(*), sum(id) from orders group by status", null],
  ["the latest by day", "select date_trunc('day', placed_at) as day, max(id), avg(id) from orders group by 1", null],
  ["the time", "select * from orders where placed_at > now() - interval '1 day'", "on the time"],
  ["a constant of the session", "select id, current_user::text as who from orders", "on the time"],
  ["the age", "select id, age(placed_at) from orders", "on the time"],
  ["chance", "select id, random() from orders", "on the time"],
  ["the time in a view below", "select * from recent", "on the time"],
  ["the first rows", "select id from orders order by status limit 3", "order of rows"],
  ["a list", "select status, array_agg(id) from orders group by status", "order of rows"],
  ["numbers that float", "select sum(id::float8) from orders", "order of rows"],
  ["an aggregate of their own", "select total(id::int) from orders", "order of rows"],
  ["a place among others", "select id, row_number() over (order by status) from orders", "order of rows"],
  ["the catalogue", "select relname from pg_class", "the server says of itself"],
  ["the catalogue in a view", "select table_name::text from information_schema.tables", "the server says of itself"],
  ["a function that reads", "select reads()", "may read anything"],
])("a view of %s: %s", shared, async ([, query, why]) => {
  await inside(async (client) => {
    await client.query("begin");
    await client.query(`create view recent as select id from orders where placed_at > statement_timestamp();
      create function reads() returns bigint language sql stable as 'select count(*) from public.orders'; create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0')`);
    await client.query(`create materialized view made as ${query}`);
    const { rows } = await client.query<{ name: string }>("select attname as name from pg_attribute where attrelid = 'made'::regclass and attnum > 0 order by attnum");
    const columns = rows.map(({ name }) => ({ name, text: `${client.escapeIdentifier(name)}::text` }));
    const facts = await (await Views.of(client)).facts("public.made", "made", columns);
    if (why === null) expect(facts).toMatchObject({ gives: facts.holds, sources: ["public.orders"] });
    else expect(facts).toMatchObject({ gives: null, why: expect.stringContaining(why) as string });
    await client.query("savepoint written; set session_replication_role = replica; delete from orders where id % 2 = 0");
    const again = await (await Views.of(client)).facts("public.made", "made", columns);
    expect(again.holds).toBe(facts.holds);
    if (why === null) expect(again.gives).not.toBe(again.holds);
    expect((await (await Views.of(client)).facts("public.made", "made", columns, facts)).gives).toBeNull(); // it holds what it held
    await client.query("rollback");
  });
});

test("a view whose query takes long is named, and the time-out is none of what follows", shared, async () => {
  await inside(async (client) => {
    await client.query("begin; set local statement_timeout = 60000");
    await client.query("create table slow as select i from generate_series(1, 100000) i; create view large as select i from slow; create materialized view made as select max(i) as n from large");
    const quickly = await (await Views.of(client)).facts("public.made", "made", [{ name: "n", text: "n::text" }]);
    expect(quickly.gives).toBe(quickly.holds);
    await client.query("create or replace view large as select a.i from slow a join slow b on (a.i * b.i::bigint) % 7 = 1");
    expect(await (await Views.of(client)).facts("public.made", "made", [{ name: "n", text: "n::text" }])).toMatchObject({ gives: null, why: expect.stringContaining("more than 1000 ms") as string });
    expect((await client.query<{ statement_timeout: string }>("show statement_timeout")).rows[0]?.statement_timeout).toBe("1min");
    await client.query("rollback");
  });
});

test("a column that a trigger sets in every row that is written is known as such, and no other one", shared, async () => {
  await using folder = await temporaryFolder();
  await inside((client) => client.query(`
    create table stamped (id integer primary key, body text, "Changed At" timestamptz, made_at timestamptz, version int);
    create function stamp() returns trigger language plpgsql as $$ begin NEW."Changed At" = now(); new.version := old.version + 1; return new; end $$;
    create function other() returns trigger language plpgsql as $$ begin if new.made_at = old.made_at then return new; end if; return new; end $$;
    create trigger stamp before update on stamped for each row execute function stamp();
    create trigger other before update on stamped for each row execute function other()`));
  const tables = await unread(folder.path, "before");
  expect(tables("stamped")?.columns.filter(({ stamped }) => stamped).map(({ name }) => name)).toEqual(["Changed At", "version"]);
  expect(tables("customers")?.columns.filter(({ stamped }) => stamped).map(({ name }) => name)).toEqual(["updated_at"]);
});
