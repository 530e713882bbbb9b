// What is dumped of an entity, on a real server: the same whatever a migration has set for sessions, and with keys that name records.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import { createZstdDecompress } from "node:zlib";
import type pg from "pg";
import { startClock } from "../../harness/base/clock.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import type { System } from "../../harness/drill/system.ts";
import { dumpFile, EvidenceWriter, readJson } from "../../harness/evidence/run-directory.ts";
import { digested, type Column } from "../../harness/evidence/values.ts";
import { dependsOnTime } from "../../harness/observe/baseline.ts";
import { captureFacts } from "../../harness/observe/facts.ts";
import { openTopology, type Held } from "../faults/contract.ts";
import { temporaryFolder } from "../support/drills.ts";

let held: Held;
let shop: System;
beforeAll(async () => {
  held = await openTopology("process", "own");
  shop = await readSystem("fixtures/systems/shop");
});
afterAll(() => held.close());
const shared = { meta: { sharesServices: true } };

async function inSession<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await held.topology.observer("test");
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const systemOf = (before: string, key = "key", counters: readonly string[] = []): System =>
  ({ ...shop, entities: [{ name: "thing", key, before, after: before, counters: [...counters], references: [], derived: false }], invariants: [] });

/** The dump of a query, as text, and its columns. */
async function dumped(before: string, { prepare = [], undo = [], when = "before", paths }: { readonly prepare?: readonly string[]; readonly undo?: readonly string[]; readonly when?: "before" | "after"; readonly paths?: Record<string, string> } = {}) {
  await using folder = await temporaryFolder();
  const evidence = new EvidenceWriter(folder.path, startClock());
  if (paths) await evidence.writeJson("before/entities.json", { paths });
  const admin = await held.topology.observer("test");
  try {
    for (const sql of prepare) await admin.query(sql);
    await inSession((client) => captureFacts([{ client, reader: client, system: systemOf(before) }], evidence, when));
  } finally {
    for (const sql of undo) await admin.query(sql);
    await admin.end();
  }
  const facts = await readJson<{ columns: Record<string, Column[]>; paths: Record<string, string>; failed: unknown[] }>(folder.path, `${when}/entities.json`);
  const csv = facts?.failed.length ? "" : await text(createReadStream(evidence.path(dumpFile(when, "thing"))).pipe(createZstdDecompress()));
  return { csv, columns: facts?.columns["thing"] ?? [], paths: facts?.paths, failed: facts?.failed };
}

const VALUES = `select 'k' as key, '2026-01-01 12:00:00+00'::timestamptz as t, '2026-02-03'::date as d, '1 day 02:00'::interval as i, 0.1::float8 + 0.2::float8 as f, '\\xdead'::bytea as b,
  '12.50'::money as m, 'x'::char(5) as c, true as yes, 1.50::numeric(10, 2) as n, null::text as nothing, '' as empty`;

describe("what is dumped", () => {
  test("is the same whatever a migration or a template has set for sessions", shared, async () => {
    const usual = await dumped(VALUES);
    const hostile = ["TimeZone to 'Asia/Kathmandu'", "DateStyle to 'German, DMY'", "IntervalStyle to 'iso_8601'", "extra_float_digits to -5", "bytea_output to 'escape'", "statement_timeout to 1", "lock_timeout to 1",
      "idle_in_transaction_session_timeout to 1", "transaction_timeout to 100", "default_transaction_isolation to 'serializable'", "default_transaction_read_only to on", "standard_conforming_strings to off", "quote_all_identifiers to on",
      "row_security to off", "search_path to nowhere", "client_encoding to 'LATIN1'", "array_nulls to off", "session_replication_role to replica"];
    for (const of of ["database app", "role turnback"]) {
      const other = await dumped(VALUES, { prepare: hostile.map((set) => `alter ${of} set ${set}`), undo: ["set default_transaction_read_only to off", `alter ${of} reset all`] });
      expect(other.csv, of).toBe(usual.csv);
      expect(other.columns).toEqual(usual.columns);
    }
    // A session's own transaction_timeout is the one that can't be said as it begins: older servers would refuse it.
    const waited = await dumped("select 'k' as key, pg_sleep(0.3)::text as waited", { prepare: ["alter database app set transaction_timeout to 100"], undo: ["alter database app reset all"] });
    expect(waited.csv).toContain("k,");
  });

  test("prints values as they are, and says their types", shared, async () => {
    const { csv, columns } = await dumped(VALUES);
    expect(csv.split("\n")[1]).toBe('k,2026-01-01 12:00:00+00,2026-02-03,1 day 02:00:00,0.30000000000000004,\\xdead,$12.50,x,t,1.50,,""');
    expect(columns.map(({ name, type, base }) => `${name} ${type} ${base}`)).toEqual(["key text text", "t timestamp with time zone timestamptz", "d date date", "i interval interval", "f double precision float8", "b bytea bytea",
      "m money money", "c character(5) bpchar", "yes boolean bool", "n numeric(10,2) numeric", "nothing text text", "empty text text"]);
  });

  test("names the base type of a domain, an enum as such, and knows no others", shared, async () => {
    const { columns } = await dumped("select 'k' as key, '7'::code as code, 'b'::mood as mood, array[1.50]::numeric[] as list, row(1)::text as made", {
      prepare: ["create domain code as varchar(9)", "create type mood as enum ('a', 'b')"], undo: ["drop domain code", "drop type mood"] });
    expect(columns.map(({ base }) => base)).toEqual(["text", "varchar", "enum", "_numeric", "text"]);
  });

  test.for([0, 1, 1_000_000, 60_000_000])("has a digest in the place of what is longer than 64 kB: %d bytes more", { ...shared, timeout: 60_000 }, async (more) => {
    const { csv } = await dumped(`select 'k' as key, repeat('x', 65536 + ${more}) as body`);
    expect(csv.split("\n")[1]).toBe(`k,${digested("x".repeat(65_536 + more))}`);
  });

  test("digests what looks like a digest", shared, async () => {
    const { csv } = await dumped("select 'k' as key, 'turnback-sha256:x' as body");
    expect(csv.split("\n")[1]).toMatch(/^k,turnback-sha256:[0-9a-f]{64}:17$/);
  });

  test("is short for each of a thousand columns, so that a line can be read", { ...shared, timeout: 60_000 }, async () => {
    const { csv } = await dumped(`select 'k' as key, ${Array.from({ length: 1_000 }, (_, i) => `repeat('x', 60000) as c${i}`).join(", ")}`);
    expect(csv.length).toBeLessThan(200_000);
  });
});

describe("a nondeterministic collation", () => {
  const prepare = ["create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)", "create table people (a text collate \"C\", login text collate ci, spare text collate ci, primary key (a, login))", "insert into people values ('x', 'Ann', 'Kept'), ('y', 'Bob', 'Kept')"];
  const undo = ["drop table people", "drop collation ci"];

  test("hinders nobody from reading a column, and a key that differs by case alone is another", shared, async () => {
    const { csv } = await dumped("select login as key, login || a as both from people union all select lower(login) collate ci, '' from people", { prepare, undo });
    expect(csv.split("\n").toSorted().filter(Boolean)).toEqual(['Ann,Annx', 'Bob,Boby', 'ann,""', 'bob,""', "key,both"]);
  });

  test("hides no change of case from the checksums of what no entity reads", shared, async () => {
    const sums = async (more: readonly string[]) => {
      await using folder = await temporaryFolder();
      const evidence = new EvidenceWriter(folder.path, startClock());
      const admin = await held.topology.observer("test");
      try {
        for (const sql of [...prepare, ...more]) await admin.query(sql);
        await inSession((client) => captureFacts([{ client, reader: client, system: systemOf("select a as key from people") }], evidence, "before"));
        const tables = await readJson<{ full: string; why?: string; columns: { name: string; checksum: string | null }[] }[]>(folder.path, "before/unread.json");
        const people = tables?.find(({ full }) => full === "public.people");
        expect(people).not.toHaveProperty("why");
        return people?.columns.find(({ name }) => name === "spare")?.checksum;
      } finally {
        for (const sql of undo) await admin.query(sql);
        await admin.end();
      }
    };
    const was = await sums([]);
    expect(was).toMatch(/\d/);
    expect(await sums(["update people set spare = upper(spare)"])).not.toBe(was);
    expect(await sums(["update people set spare = spare"])).toBe(was);
  });
});

describe("tables are found where the application's connections find them", () => {
  const prepare = ["create schema v2", "create table v2.only_here as select 'k' as key", "create table public.here as select 'old' as key", "create table v2.here as select 'new' as key"];
  const undo = ["drop schema v2 cascade", "drop table public.here", "alter database app reset all", "alter role app reset all"];

  test.for([["database app", "alter database app set search_path to v2, public"], ["role app", "alter role app set search_path to v2, public"], ["role app in database app", "alter role app in database app set search_path to v2, public"]] as const)(
    "by what is set for %s", shared, async ([of, set]) => {
      const { csv, paths } = await dumped("select key from here", { prepare: [...prepare, set], undo: [...undo, `alter ${of} reset all`] });
      expect(csv.split("\n")[1]).toBe("new");
      expect(paths).toEqual({ "": "v2, public" });
    });

  test("and by the path of before, when a way back has left another", shared, async () => {
    const { csv } = await dumped("select key from here", { prepare: [...prepare, "alter database app set search_path to v2"], undo, when: "after", paths: { "": "public" } });
    expect(csv.split("\n")[1]).toBe("old");
  });

  test("a query that fails by it fails", shared, async () => {
    const { failed } = await dumped("select key from only_here", { prepare, undo, when: "after", paths: { "": "public" } });
    expect(failed).toHaveLength(1);
  });
});

describe("a key names one record", () => {
  const captured = async (before: string, key = "key", counters: readonly string[] = []) => {
    await using folder = await temporaryFolder();
    const evidence = new EvidenceWriter(folder.path, startClock());
    return await inSession((client) => captureFacts([{ client, reader: client, system: systemOf(before, key, counters) }], evidence, "before"));
  };
  test.for([
    ["null", "select null::text as key, 1 as n union all select 'a', 1", "key", [], "it is null in 1 records"],
    ["repeated", "select 'a' as key union all select 'a' union all select 'b'", "key", [], "1 of its values name several records, up to 2"],
    ["missing", "select 'a' as ref", "key", [], "is no column of its query, which has ref"],
    ["there, and a counter is not", "select 'a' as key", "key", ["stock"], "no column stock"],
    ["a column with a line break in its name", "select 'a' as key, 1 as \"a\nb\"", "key", [], 'one of its columns is named "a\\nb"'],
    ["a column as the packer has one", "select 'a' as key, 1 as \"#bucket\"", "key", [], 'one of its columns is named "#bucket"'],
    ["a column of which there are two", "select 'a' as key, 1 as n, 2 as \"N\"", "key", [], "two of its columns are named n"],
  ] as const)("otherwise the declaration is wrong: it is %s", shared, async ([, query, key, counters, says]) => {
    const refused = captured(query, key, counters);
    await expect(refused).rejects.toMatchObject({ kind: "declaration" });
    await expect(refused).rejects.toThrow(says);
    await expect(refused).rejects.toThrow("thing");
  });
  test("and all is well where it does", shared, async () => { await captured("select 'a' as key union all select 'b'"); });
});

describe("the facts of the prepared data are kept for the next run", () => {
  const depends = async (before: string) => {
    await using folder = await temporaryFolder();
    const evidence = new EvidenceWriter(folder.path, startClock());
    return await inSession((client) => dependsOnTime({ client, reader: client, system: systemOf(before) }, evidence));
  };
  test.for(["select ref as key from customers", "select ref as key, lower(name) as name from customers", "select ref as key, placed_at from orders", "select ref as key, 'it is now or never' as text from customers"])(
    "where a query asks the data alone: %s", shared, async (query) => { expect(await depends(query)).toBe(false); });
  test.for([
    "select ref as key from orders where placed_at > now()", "select ref as key, current_date as day from customers", "select ref as key, age(placed_at) from orders", "select ref as key, 'now'::timestamptz as t from customers",
    "select ref as key, random() as n from customers", "select key from lately",
  ])("and not where its answer depends on when it is asked: %s", shared, async (query) => {
    const admin = await held.topology.observer("test");
    await admin.query("create view lately as select ref as key from orders where placed_at < localtimestamp");
    try { expect(await depends(query)).toBe(true); } finally { await admin.query("drop view lately"); await admin.end(); }
  });
});

test("an invariant that can't be asked of the fresh system is a wrong declaration, and afterwards a fact", shared, async () => {
  await using folder = await temporaryFolder();
  const evidence = new EvidenceWriter(folder.path, startClock());
  const asking = (query: string, when: "before" | "after") => inSession((client) => captureFacts([{ client, reader: client, system: { ...systemOf("select 'a' as key"), invariants: [{ name: "all is well", query }] } }], evidence, when));
  await expect(asking("select nothing from nowhere", "before")).rejects.toMatchObject({
    code: "invariant-query-failed", exitCode: 3, place: expect.stringContaining(`system ${shop.name}, invariant all is well`) as string, message: expect.stringContaining("nowhere") as string,
  });
  await asking("select 1 where false", "before");
  await asking("select nothing from nowhere", "after");
  expect(await readJson(folder.path, "after/invariants.json")).toMatchObject([{ name: "all is well", error: expect.stringContaining("nowhere") as string }]);
});
