// Rows that clients add, on a real server: what they have in common, and which later ones have not.

import { beforeEach, describe, expect, test } from "vitest";
import type pg from "pg";
import { habitsOf, topOf, unlike, type Top } from "../../harness/observe/added.ts";
import { ownServer } from "../support/own-server.ts";

let client: pg.Client;
ownServer("added", `
    create table notes (id bigint generated always as identity primary key, body text not null, token uuid default gen_random_uuid(), status text default 'new', done_at timestamptz,
      added timestamptz default now(), local timestamp default (now() at time zone 'UTC'), day date default (now() at time zone 'UTC')::date, price numeric default 1.50, mood text);
    insert into notes (body, added) select 'old', 'epoch' from generate_series(1, 100)`, (own) => { client = own; });

const types = { id: "bigint", body: "text", token: "uuid", status: "text", done_at: "timestamp with time zone", added: "timestamp with time zone", local: "timestamp without time zone", day: "date", price: "numeric", mood: "text" };
const table = {
  quoted: "only public.notes", key: ["id"],
  columns: Object.entries(types).map(([name, type]) => ({ name, type, read: name === "body", checksum: null, ...(name === "price" && { form: "number" as const }) })),
};
const add = (n: number, more: Record<string, string> = {}) => client.query(`insert into notes (${["body", ...Object.keys(more)].join(", ")}) select ${["'x'", ...Object.values(more)].join(", ")} from generate_series(1, ${n}) i`);
const told = async (of: typeof table, grows: readonly string[] = []) => (await topOf(client, of, grows, 100))?.top as Top;
let top: Top;
let old: readonly string[];

beforeEach(async () => {
  await client.query("delete from notes where body = 'x'");
  [top, old] = [await told(table), []];
});

describe("new rows are told", () => {
  test("by a key that is one integer, or by what a sequence fills", async () => {
    expect(top).toMatchObject({ grows: "id", above: "100" });
    expect(await told({ ...table, key: ["token"] }, ["id"])).toMatchObject({ grows: "id", above: "100" });
    expect(await told({ ...table, key: [] }, ["id"])).toMatchObject({ grows: "id", above: "100" });
  });

  test("else by the keys that were there, whatever was written anew since", async () => {
    for (const key of [["token"], ["token", "added"], ["body", "id"]]) {
      const found = await topOf(client, { ...table, key }, [], 100);
      expect([found?.top, found?.old?.length]).toMatchObject([{ key }, 100]);
      await add(25);
      await client.query("update notes set status = status");
      expect((await habitsOf(client, { ...table, key }, found?.top as Top, found?.old ?? []))?.rows).toBe(25);
      await add(2, { status: "'draft'" });
      const habits = { rows: 25, columns: { status: [{ is: "same" as const, digest: String((await client.query("select hashtextextended('new', 0)::text as d")).rows[0]?.d) }] } };
      expect((await unlike(client, { ...table, key }, found?.top as Top, habits, found?.old ?? [])).columns["status"]).toMatchObject([{ habit: "same", rows: 2, keys: [expect.any(String), expect.any(String)] }]);
      await client.query("delete from notes where body = 'x'");
    }
  });

  test("not at all without a key, nor where there are too many", async () => {
    expect(await topOf(client, { ...table, key: [] }, [], 100)).toBeUndefined();
    expect(await topOf(client, { ...table, key: ["token"] }, [], 20_001)).toBeUndefined();
  });
});

describe("in normal service", () => {
  test("columns have in common what their defaults give", async () => {
    await add(30, { mood: "case when i % 2 = 0 then 'good' end" });
    expect(await habitsOf(client, table, top, old)).toEqual({ rows: 30, columns: {
      token: [{ is: "filled" }, { is: "distinct" }], status: [{ is: "filled" }, { is: "same", digest: expect.stringMatching(/^-?\d+$/) }], done_at: [{ is: "empty" }],
      added: [{ is: "filled" }, { is: "of the moment" }], local: [{ is: "filled" }, { is: "of the moment" }], day: [{ is: "filled" }, { is: "of the moment" }],
      price: [{ is: "filled" }, { is: "same", digest: expect.any(String) }], mood: [],
    } });
  });

  test("few say nothing, and times of elsewhere are no habit", async () => {
    await add(9);
    expect(await habitsOf(client, table, top, old)).toBeUndefined();
    await add(1, { added: "now() - interval '1 hour'" });
    expect((await habitsOf(client, table, top, old))?.columns["added"]).toEqual([{ is: "filled" }]);
  });
});

describe("later", () => {
  const wrong: Record<string, readonly [value: string, habit: string]> = {
    token: ["'00000000-0000-0000-0000-000000000000'", "distinct"], status: ["'draft'", "same"], done_at: ["now()", "empty"], added: ["'1970-01-01'", "of the moment"],
    local: ["now() at time zone 'UTC' + interval '1 hour'", "of the moment"], day: ["current_date - 3", "of the moment"], price: ["1.51", "same"],
  };
  test.each(Object.entries(wrong))("%s of some rows is another one", async (column, [value, habit]) => {
    await add(30);
    const habits = await habitsOf(client, table, top, old);
    await add(10);
    expect(habits && (await unlike(client, table, top, habits, old))).toEqual({ rows: 40, columns: {} });
    await add(7, { [column]: value });
    const found = habits && (await unlike(client, table, top, habits, old));
    expect(found).toEqual({ rows: 47, columns: { [column]: [{ habit, rows: habit === "distinct" ? 6 : 7, keys: habit === "distinct" ? [] : [expect.any(String), ...Array.from({ length: 4 }, () => expect.any(String))] }] } });
  });

  test.each(["token", "status", "added", "price"])("%s of some rows is empty", async (column) => {
    await add(30);
    const habits = await habitsOf(client, table, top, old);
    await add(3, { [column]: "null" });
    expect(habits && (await unlike(client, table, top, habits, old))?.columns[column]).toMatchObject([{ habit: "filled", rows: 3 }]);
  });

  test("what is spelled otherwise, and what is gone, is nothing", async () => {
    await add(30);
    const habits = await habitsOf(client, table, top, old);
    await add(3, { price: "1.5" });
    expect(habits && (await unlike(client, { ...table, columns: table.columns.filter(({ name }) => name !== "mood") }, top, habits, old))).toEqual({ rows: 33, columns: {} });
  });
});
