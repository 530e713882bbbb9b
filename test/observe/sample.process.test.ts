// A sample on a real server: the same rows again by their keys, whatever their types, and what clients do to them.

import { expect, test } from "vitest";
import type pg from "pg";
import { lookAgain, MOST_SAMPLED, takeSample } from "../../harness/observe/sample.ts";
import { writtenInService } from "../../harness/observe/written.ts";
import type { UnreadTable } from "../../harness/observe/unread.ts";
import { ownServer } from "../support/own-server.ts";

let client: pg.Client;
ownServer("sample", `
    create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table sampled (a text collate blind, b timestamptz, body text, primary key (a, b));
    insert into sampled select 'Row ' || i, timestamptz '2026-01-01 00:00+02' + i * interval '1 hour', 'x' from generate_series(1, 2500) i`, (own) => { client = own; });

const table: UnreadTable = {
  database: "", name: "sampled", full: "public.sampled", quoted: "only public.sampled", rows: 2500, checksum: "0", entities: [], key: ["a", "b"], cascades: [], triggers: [],
  columns: [{ name: "a", type: "text", read: false, checksum: "0" }, { name: "b", type: "timestamp with time zone", read: false, checksum: "0" }, { name: "body", type: "text", read: false, checksum: "0" }],
};

test("the same rows are found again, and what became of each", async () => {
  await client.query("begin");
  try {
    const sample = await takeSample(client, table, 1);
    expect(sample).toHaveLength(MOST_SAMPLED);
    expect(await takeSample(client, table, 1)).toEqual(sample);
    expect(await lookAgain(client, table, sample)).toEqual(sample);
    const [changed, gone] = sample.map(({ key }) => key);
    await client.query("update sampled set body = 'y' where a = $1", [changed?.[0]]);
    await client.query("delete from sampled where a = $1", [gone?.[0]]);
    const again = await lookAgain(client, table, sample);
    expect(again[0]?.digests["body"]).not.toBe(sample[0]?.digests["body"]);
    expect(again[0]?.digests["b"]).toBe(sample[0]?.digests["b"]);
    expect(again[1]?.xmin).toBeNull();
    expect(again.slice(2)).toEqual(sample.slice(2));
  } finally {
    await client.query("rollback");
  }
});

test("where the table is another one there is none", async () => {
  await client.query("begin");
  try {
    const sample = await takeSample(client, table, 1);
    await client.query("alter table sampled rename column body to text");
    expect(await lookAgain(client, table, sample)).toEqual([]);
    expect(await takeSample(client, { ...table, key: [] }, 1)).toEqual([]);
    expect((await takeSample(client, { ...table, columns: table.columns.slice(0, 2) }, 100)).length).toBe(200);
  } finally {
    await client.query("rollback");
  }
});

test("what clients write is seen in the rows, before any counter tells it", async () => {
  const sample = await takeSample(client, table, 1);
  const [touched, changed, gone] = sample.map(({ key }) => key);
  await client.query("update sampled set body = body where a = $1", [touched?.[0]]);
  await client.query("update sampled set body = 'z' where a = $1", [changed?.[0]]);
  await client.query("delete from sampled where a = $1", [gone?.[0]]);
  await client.query("insert into sampled select 'new ' || i, now() from generate_series(1, 3) i");
  const [written] = await writtenInService(client, "", [table], sample);
  expect(written).toEqual({ habits: undefined, beside: undefined, table: "public.sampled", more: 2, unseen: false, lockstep: [], sample: { rows: MOST_SAMPLED, gone: 1, touched: 2, changed: { body: 1 } } });
});

test("a table that there is no time for is not known, and the others are", async () => {
  const sample = await takeSample(client, table, 1);
  const started = performance.now();
  const slow = { ...table, name: "slow", full: "public.slow", rows: 90_000, quoted: "(select pg_sleep(3), '0'::xid as xmin) slow" };
  const seen = await writtenInService(client, "", [slow, table], sample, { withinMs: 700 });
  expect(seen.map(({ table: name, unseen }) => [name, unseen])).toEqual([["public.sampled", false], ["public.slow", true]]);
  expect(performance.now() - started).toBeLessThan(2_500);
  expect((await writtenInService(client, "", [table], sample, { withinMs: 0 })).map(({ unseen, more }) => [unseen, more])).toEqual([[true, null]]);
});

test("tables that grow in one transaction are seen to, and an exception ends it", async () => {
  await client.query("create table booked (id int primary key); create table events (id int generated always as identity, body text); insert into booked select -i from generate_series(1, 9) i");
  const of = (name: string, entities: readonly string[], rows: number): UnreadTable => ({ ...table, name, full: `public.${name}`, quoted: `only public.${name}`, rows, entities, key: [] });
  const { rows: [next] } = await client.query<{ id: string }>("select pg_snapshot_xmax(pg_current_snapshot())::text as id");
  const look = async () => (await writtenInService(client, "", [of("booked", ["booking"], 9), of("events", [], 0)], [], { since: Number(next?.id) })).find(({ table: name }) => name === "public.events")?.lockstep;
  const book = (id: number, events = 2) => client.query(`begin; insert into booked values (${id}); insert into events (body) select 'booked' from generate_series(1, ${events}); commit`);
  for (let id = 1; id <= 19; id += 1) await book(id);
  expect(await look()).toEqual([]); // too few
  for (let id = 20; id <= 30; id += 1) await book(id);
  expect(await look()).toEqual([{ source: "public.booked", each: 2, transactions: 30 }]);
  await client.query("update booked set id = id + 1000 where id <= 4");
  expect(await look()).toEqual([{ source: "public.booked", each: 2, transactions: 26 }]);
  await book(31, 1);
  await book(32, 3);
  expect(await look()).toEqual([]); // as many in all, and not by transaction
});
