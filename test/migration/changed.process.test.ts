// Whether a migration changed anything, on a real server: what it wrote, and what the catalogues say, while clients write beside it.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type pg from "pg";
import { planSchema } from "../../harness/drill/plan.ts";
import { Journal } from "../../harness/migration/journal.ts";
import { runForward } from "../../harness/migration/runner.ts";
import { catalogueChanged, catalogueDigests } from "../../harness/observe/catalogue-digest.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openTopology, type Held } from "../faults/contract.ts";

let held: Held;
let admin: pg.Client;
let client: pg.Client;
beforeAll(async () => {
  held = await openTopology("process", "own");
  admin = await held.topology.observer("test");
  client = await connect(held.topology.access("app", "direct"), { name: "client" });
  await asMigrator((migrator) => migrator.query(`
    create table emptied (id int); insert into emptied values (1);
    create table kept (id int primary key, note text not null default '');
    create index kept_note on kept (note);
    insert into kept select i, 'note ' || i from generate_series(1, 100) i;
    create sequence numbers;
    create function fills() returns void language sql as 'update kept set note = note where id = 1';
    create procedure works() language plpgsql as 'begin update kept set note = note where id = 1; commit; end';
    grant select, insert, update, delete on kept to app; grant usage on sequence numbers to app`));
});
afterAll(async () => {
  for (const session of [client, admin]) await session.end();
  await held.close();
});

/** In a session of its own, as a migration is: what a session has written before is told as its own until the server has counted it. */
async function asMigrator<T>(work: (migrator: pg.Client) => Promise<T>): Promise<T> {
  const migrator = await connect(held.topology.access("migrator", "direct"), { name: "turnback-migration" });
  try {
    return await work(migrator);
  } finally {
    await migrator.end();
  }
}

/** Runs one step while a client writes. @return whether rows were written, as the runner hears, and whether the catalogues say anything else */
async function changed(forward: string | string[], more: object = {}): Promise<readonly [wrote: boolean, catalogue: boolean]> {
  const plan = planSchema.parse({ name: "looked-at", description: "", steps: [{ id: "only", kind: "expand", forward, backward: "select 1", ...more }] });
  const run = (migrator: pg.Client, wrote: () => void) => runForward({ on: () => Promise.resolve(migrator), plan, signal: new AbortController().signal, record: () => undefined, reach: () => Promise.resolve(), wrote });
  await asMigrator(async (migrator) => {
    await new Journal(migrator, plan.name).open();
    await migrator.query("delete from turnback.journal");
  });
  const was = await catalogueDigests(admin);
  let wrote = false;
  await client.query("insert into kept values (1000, nextval('numbers')::text); update kept set note = 'x' where id = 1000; delete from kept where id = 1000");
  await asMigrator((migrator) => run(migrator, () => { wrote = true; }));
  await client.query("insert into kept values (1000); delete from kept where id = 1000; select nextval('numbers')");
  return [wrote, await catalogueChanged(admin, was)];
}

const shared = { meta: { sharesServices: true } };

describe("what changes nothing", () => {
  test.for<readonly [string, string | string[], object?]>([
    ["a statement that only asks", "select 1"],
    ["one without a transaction", ["select 1", "set work_mem = '4MB'"], { transactional: false }],
    ["an update that finds no row", "update kept set note = '' where id < 0"],
    ["a column that comes and goes", "alter table kept add column more text; alter table kept drop column more"],
    ["a table that comes and goes", "create table passing (id int primary key); drop table passing"],
    ["an index that is there already", "create index if not exists kept_note on kept (note)"],
    ["a default that is set and taken again", "alter table kept alter note set default 'x'; alter table kept alter note set default ''"],
    ["a table of the session's own", "create temporary table passing as select * from kept; drop table passing"],
  ])("%s", shared, async ([, forward, more]) => {
    expect(await changed(forward, more)).toEqual([false, false]);
  });
});

describe("what changes something", () => {
  test.for<readonly [string, string | string[], "rows" | "catalogue", string, object?]>([
    ["an update", "update kept set note = note || '.' where id = 2", "rows", "select 1"],
    ["rows written by a function", "select fills()", "rows", "select 1"],
    ["rows written by a procedure that commits", ["call works()"], "rows", "select 1", { transactional: false }],
    ["a sequence that is set", "select setval('numbers', 500000)", "rows", "select 1"],
    ["rows that are deleted and inserted again", "with gone as (delete from kept where id = 3 returning *) select count(*) from gone; insert into kept values (3)", "rows", "select 1"],
    ["a backfill", "with next as (select id from kept where id > coalesce($1::int, 0) and id <= 50 order by id limit $2), done as (update kept set note = note || '' from next where kept.id = next.id) select max(id)::text as cursor, count(*)::int as rows from next", "rows", "select 1", { kind: "backfill" }],
    ["a column", "alter table kept add column more text", "catalogue", "alter table kept drop column more"],
    ["an index that is built beside clients", ["create index concurrently kept_beside on kept (id, note)"], "rows", "drop index kept_beside", { transactional: false }],
    ["a rewritten table", "cluster kept using kept_pkey", "catalogue", "select 1"],
    ["an emptied table", "truncate emptied", "catalogue", "select 1"],
    ["a right on what is the server's", "alter default privileges grant select on tables to app", "catalogue", "select 1"],
    ["a comment", "comment on table kept is 'kept'", "catalogue", "comment on table kept is null"],
    ["a function's body", "create or replace function fills() returns void language sql as 'update kept set note = note where id = 2'", "catalogue", "select 1"],
    ["statistics", "analyze kept", "catalogue", "select 1"],
    ["a setting of the database", "alter database app set work_mem = '5MB'", "catalogue", "alter database app reset work_mem"],
  ])("%s", shared, async ([, forward, where, undo, more]) => {
    const [wrote, catalogue] = await changed(forward, more);
    await admin.query(undo);
    expect(where === "rows" ? wrote : catalogue).toBe(true);
  });
});
