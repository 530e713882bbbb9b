// Which columns records hold whole, on a real server: a cast to text does, a function doesn't, and nor does a query that leaves rows out.

import { expect, test } from "vitest";
import type pg from "pg";
import type { Entity } from "../../harness/drill/system.ts";
import { columnsRead } from "../../harness/observe/columns-read.ts";
import { ownServer } from "../support/own-server.ts";

let client: pg.Client;
ownServer("reads", `
    create table owners (id int primary key, name text not null);
    create table things (id int primary key, ref uuid not null default gen_random_uuid(), price numeric(10, 4), kind text, on_sale boolean, at timestamptz default now(), owner_id int references owners, "Odd ""one" varchar(20), body text);
    insert into owners select i, 'Owner ' || i from generate_series(1, 8) i;
    insert into things select i, gen_random_uuid(), i, 'lower', i % 3 = 0, now() + i * interval '1 hour', 1 + i % 4, 'odd ' || i, 'body ' || i from generate_series(1, 60) i;
    create view listed as select id, price as cost, lower(body) as body from things;
    create table parts (id int, region text, n int) partition by list (region);
    create table parts_a partition of parts for values in ('a');
    create table parts_b partition of parts for values in ('b');
    insert into parts select i, case when i % 2 = 0 then 'a' else 'b' end, i * 7 from generate_series(1, 20) i`, (own) => { client = own; });

const COLUMNS = ["id", "ref", "price", "kind", "on_sale", "at", "owner_id", 'Odd "one', "body"];

/** The columns of `things` that are read whole, and in part, with the fields that may show them. */
async function reads(...queries: readonly string[]) {
  await client.query("begin");
  try {
    const found = await columnsRead(client, { entities: queries.map((before, i): Entity => ({ name: `e${i}`, key: "key", before, after: before, counters: [], references: [], derived: false })) });
    const table = "public.things";
    return {
      whole: COLUMNS.filter((column) => found.whole(table, column)),
      part: Object.fromEntries(COLUMNS.filter((column) => !found.whole(table, column)).flatMap((column) => found.inPart(table, column).map(({ fields }) => [column, fields]))),
      leaveOut: found.leaveOut(table), entities: found.entities(table), found,
    };
  } finally {
    await client.query("rollback");
  }
}

test("a bare column is read whole, and so is its text", async () => {
  const plain = await reads(`select ref::text as key, price, at::text as at, "Odd ""one"::text as "Odd ""one", kind::text, on_sale::text as sale from things`);
  expect([plain.whole, plain.part, plain.leaveOut]).toEqual([["ref", "price", "kind", "on_sale", "at", 'Odd "one'], {}, []]);
});

test("a function of a column is a part of it, whatever it gives today", async () => {
  const part = await reads("select id as key, round(price, 2) as price, price::int as whole, lower(kind) as kind, left(body, 100) as body, date_trunc('second', at) as at from things");
  expect(part.whole).toEqual(["id"]);
  expect(Object.keys(part.part)).toEqual(["price", "kind", "at", "body"]);
  // Which of them shows a part of what, nobody says.
  expect(part.part["price"]).toEqual(["price", "whole", "kind", "body", "at"]);
});

test("a query that leaves rows out, or has some twice, reads nothing whole", async () => {
  expect(await reads("select id as key, price from things where price < 50")).toMatchObject({ whole: [], part: { id: ["key"], price: ["price"] }, leaveOut: ["e0"] });
  expect((await reads("select id as key, price::text as cost, lower(kind) as kind from things where price < 50")).part).toEqual({ id: ["key", "kind"], price: ["cost", "kind"], kind: ["kind"] });
  expect((await reads("select t.id || '/' || o.id as key, t.price from things t cross join owners o")).whole).toEqual([]);
  expect((await reads("select kind as key, count(*) as n, sum(price) as price from things group by kind")).whole).toEqual([]);
  expect((await reads("select distinct on_sale as key from things")).whole).toEqual([]);
});

test("a join that leaves all rows there reads its own table whole, and the other one not", async () => {
  const joined = await reads("select t.id as key, t.price, o.name as owner from things t join owners o on o.id = t.owner_id");
  expect([joined.whole, joined.part]).toEqual([["id", "price"], { owner_id: [] }]);
  expect(joined.found.whole("public.owners", "name")).toBe(false);
  expect(joined.found.inPart("public.owners", "name")).toEqual([{ entity: "e0", fields: ["owner"] }]);
  expect(joined.found.leaveOut("public.owners")).toEqual(["e0"]);
});

test("views, expressions with the table, and partitions lead on to what they read", async () => {
  const view = await reads("with l as (select id, cost, body from listed) select id as key, cost, body from l");
  expect([view.whole, Object.keys(view.part)]).toEqual([["id", "price"], ["body"]]);
  const { found } = await reads("select id as key, n, region from parts");
  expect([found.whole("public.parts", "n"), found.leaveOut("public.parts")]).toEqual([true, []]);
  expect((await reads("select id as key, n from parts_a")).found.whole("public.parts", "n")).toBe(false);
});

test("another entity may read whole what one reads in part; a query that fails reads nothing", async () => {
  expect((await reads("select id as key, price::int as price from things", "select id as key, price from things")).whole).toEqual(["id", "price"]);
  expect(await reads("select nothing from nowhere")).toMatchObject({ whole: [], part: {}, entities: [] });
});
