// What clients were told, looked up on a real server: some records of each operation, printed as dumps print them.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type pg from "pg";
import { startClock } from "../../harness/base/clock.ts";
import { systemSchema, type System } from "../../harness/drill/system.ts";
import { dumpFile, EvidenceWriter, PATHS } from "../../harness/evidence/run-directory.ts";
import { dumpEntities } from "../../harness/observe/entities.ts";
import { findBySearchPath } from "../../harness/observe/search-path.ts";
import { chooseKeys, lookAtTold } from "../../harness/observe/told.ts";
import { ownServer } from "../support/own-server.ts";
import { temporaryFolder } from "../support/drills.ts";

let client: pg.Client;
ownServer("told", `
    create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table records (ref uuid primary key, title text collate blind, price numeric(10, 2), paid boolean, code char(5), at timestamptz, ratio float8, tags text[], document jsonb, long text);
    insert into records select ('00000000-0000-4000-8000-00000000000' || i)::uuid, 'Title ' || i, 1.5, i > 1, 'ab', '2026-01-01 00:00+02', 0.1, array['a', null, 'b,c'], '{"a": 1}', case i when 1 then repeat('x', 70000) when 2 then '' end from generate_series(1, 3) i`, (own) => { client = own; });

const ref = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const ledger = (folder: string, told: readonly (readonly [op: string, key: string, outcome: string | undefined])[]) => {
  mkdirSync(join(folder, "ledger"), { recursive: true });
  const line = (object: object) => `${JSON.stringify(object)}\n`;
  writeFileSync(join(folder, PATHS.intents), `${told.map(([op, key], i) => line({ seq: i + 1, op, effects: [{ entity: "record", key, kind: "insert", value: null }] })).join("")}{"seq":99,"op":"torn`);
  writeFileSync(join(folder, PATHS.outcomes), told.flatMap(([, , outcome], i) => (outcome === undefined ? [] : [line({ seq: i + 1, outcome })])).join(""));
};
const system = (query: string): System => systemSchema.parse({ name: "told", description: "records", schema: ["none"], entities: [{ name: "record", key: "key", before: query, after: query }] });
const QUERY = "select ref as key, title, price, paid, code, at, ratio, tags, document, long from records";

describe("what clients were told", () => {
  test("is printed as a dump prints it, whatever the type, and what is not there is null", async () => {
    await using folder = await temporaryFolder();
    const evidence = new EvidenceWriter(folder.path, startClock());
    ledger(folder.path, [["a", ref(1), "committed"], ["a", ref(2).toUpperCase(), "committed"], ["a", ref(7), "committed"], ["a", ref(3), "rejected"]]);
    const clock = startClock();
    const [look, ...more] = await lookAtTold([{ reader: client, system: system(QUERY) }], evidence, clock);
    expect(more).toEqual([]);
    expect(look).toMatchObject({ entity: "record", rows: [{ key: ref(1) }, { key: ref(2) }, { key: ref(7), held: null }] });
    expect(look?.to).toBeGreaterThanOrEqual(look?.from ?? Infinity);
    await client.query("begin");
    await dumpEntities(client, system(QUERY), evidence, "before", { records: "before", owed: true, path: await findBySearchPath(client, evidence, "before") });
    await client.query("rollback");
    const dump = zstdDecompressSync(readFileSync(evidence.path(dumpFile("before", "record")))).toString();
    const inCsv = (text: string | null) => (text === null ? "" : text === "" || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    for (const { held: row } of look?.rows.filter((one) => one.held !== null) ?? []) expect(dump).toContain(`${Object.values(row ?? {}).map(inCsv).join(",")}\n`);
  });

  test("is left out where keys can be printed in several ways, where nothing was acknowledged, and where there is no ledger", async () => {
    await using folder = await temporaryFolder();
    const evidence = new EvidenceWriter(folder.path, startClock());
    expect(await lookAtTold([{ reader: client, system: system(QUERY) }], evidence, startClock())).toEqual([]);
    ledger(folder.path, [["a", "1.50", "committed"]]);
    expect(await lookAtTold([{ reader: client, system: system("select price::numeric as key, title from records limit 1") }], evidence, startClock())).toEqual([]);
    ledger(folder.path, [["a", ref(1), "indeterminate"], ["a", ref(2), undefined]]);
    expect(await lookAtTold([{ reader: client, system: system(QUERY) }], evidence, startClock())).toEqual([]);
  });

  test("is looked up of each operation, those records first that nothing else touched", () => {
    const intents = Array.from({ length: 100 }, (_, i) => ({ seq: i, op: i < 90 ? "often" : "seldom", effects: [{ entity: "record", key: i < 40 ? "shared" : `k${i}`, kind: "update" }] }));
    const keys = chooseKeys({ intents, outcomes: intents.map(({ seq }) => ({ seq, outcome: "committed", code: "" })) }).get("record") ?? [];
    expect(keys.length).toBe(40);
    expect(keys).not.toContain("shared");
    expect(keys).toEqual(expect.arrayContaining(["k90", "k99", "k40"]));
  });
});
