// Rows that clients add beside others: what is missing or doubled is told, with how sure that is, and what may be an exception isn't held against anybody.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judge } from "../../harness/judge/judge.ts";
import { lockstepOf, type Growing } from "../../harness/observe/lockstep.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, type Op } from "./history.ts";

const transactions = (n: number, each = 1) => new Map(Array.from({ length: n }, (_, i) => [String(1000 + i), each]));
const growing = (table: string, read: boolean, added: ReadonlyMap<string, number>, more = [...added.values()].reduce((sum, n) => sum + n, 0)): Growing => ({ table, read, more, added, kept: true, unchanged: true });

describe("a rule of normal service", () => {
  const source = growing("items", true, transactions(30));
  const rules = (...tables: readonly Growing[]) => lockstepOf(tables).map(({ table, each, transactions: n }) => [table, each, n]);

  test("is that of each transaction", () => {
    expect(rules(source, growing("events", false, transactions(30)))).toEqual([["events", 1, 30]]);
    expect(rules(source, growing("lines", false, transactions(30, 3)))).toEqual([["lines", 3, 30]]);
  });

  test("is none where one is an exception, where there are few, or where rows came from elsewhere", () => {
    const uneven = new Map([...transactions(28), ["1028", 2], ["1029", 0]] as const);
    expect(rules(source, growing("events", false, uneven))).toEqual([]);
    expect(rules(source, growing("events", false, transactions(29)))).toEqual([]);
    expect(rules(growing("items", true, transactions(19)), growing("events", false, transactions(19)))).toEqual([]);
    expect(rules(source, growing("events", false, new Map(Array.from({ length: 30 }, (_, i) => [String(5000 + i), 1]))))).toEqual([]);
    expect(rules(source, growing("events", false, transactions(30), 31))).toEqual([]);
  });

  test("is none where as many transactions of the other table are not among them: each may come from changes, and not from new rows", () => {
    const half = new Map([...transactions(15), ...Array.from({ length: 15 }, (_, i) => [String(9000 + i), 1] as const)]);
    expect(rules(growing("items", true, half), growing("events", false, new Map([...transactions(15), ...Array.from({ length: 15 }, (_, i) => [String(5000 + i), 1] as const)])))).toEqual([]);
    const more = new Map([...transactions(24), ...Array.from({ length: 24 }, (_, i) => [String(9000 + i), 1] as const)]);
    expect(rules({ ...growing("items", true, more), more: 24 }, growing("events", false, transactions(24)))).toEqual([]);
  });

  test("is none of tables that entities read, nor where rows come and go or are changed", () => {
    expect(rules(source, growing("others", true, transactions(30)))).toEqual([]);
    expect(rules(source, { ...growing("events", false, transactions(30)), kept: false })).toEqual([]);
    expect(rules(source, { ...growing("events", false, transactions(30)), unchanged: false })).toEqual([]);
    expect(rules({ ...source, kept: false }, growing("events", false, transactions(30)))).toEqual([]);
  });

  test("stands though some rows of the other table were changed since, and not if most were", () => {
    const changed = (n: number) => new Map([...transactions(30)].map(([id, one], i) => [i < n ? `9${id}` : id, one] as const));
    expect(rules(growing("items", true, changed(5)), growing("events", false, transactions(30)))).toEqual([["events", 1, 25]]);
    expect(rules(growing("items", true, changed(8)), growing("events", false, transactions(30)))).toEqual([]);
  });
});

/** A run in which clients booked `booked` items, 40 before the migration, and `events` is the table that grew by `grown`. */
async function judged(booked: number, grown: number, { n = 40, deleted = 0, late = false, lost = 0 }: { readonly n?: number; readonly deleted?: number; readonly late?: boolean; readonly lost?: number } = {}) {
  await using folder = await temporaryFolder();
  const ops: Op[] = Array.from({ length: booked }, (_, i) => ({ at: 10 + i * 5, op: late && i === booked - 1 ? "rare" : "book", effects: [insert(`k${i}`, "x")] }));
  const phase = { kind: "phase", phase: "migration", state: "started" } as const;
  const directory = record(folder.path, { before: [], after: ops.slice(lost).map(({ effects = [] }) => [effects[0]?.key ?? "", "x"] as const), ops,
    events: [[0, { kind: "run", state: "started" }], [600, phase], [601, { kind: "migration", state: "started" }], [5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }], [9_000, { kind: "quiescence", state: "proven", detail: "0" }], [9_500, { kind: "run", state: "completed" }]] });
  const table = (name: string, entities: readonly string[], count: object) => ({ database: "", name, full: `public.${name}`, ...count, checksum: null, columns: [{ name: "id", type: "int", read: entities.length > 0, checksum: null }], entities, key: [], cascades: [], triggers: [] });
  for (const [when, more] of [["before", 0], ["after", 1]] as const) {
    writeFileSync(join(directory, when, "unread.json"), JSON.stringify([table("items", ["item"], { rows: null, count: 7 + more * (booked - lost) }), table("events", [], { rows: 100 + more * grown })]));
  }
  writeFileSync(join(directory, "before/activity.json"), JSON.stringify([{ database: "", table: "public.events", inserted: 40, updated: 0, deleted, lockstep: [{ source: "public.items", each: 1, transactions: n }] }]));
  const card = await judge(directory);
  const warned = card.warnings.filter(({ kind }) => kind.startsWith("unread-"));
  return { verdict: card.objectives.find(({ name }) => name === "consistency")?.verdict, warned: warned.map(({ kind, count }) => `${kind} ${count}`), doubt: card.doubts.join(), coverage: card.coverage?.sentence ?? "", found: card.findings.map(({ kind }) => kind) };
}

describe("in the end", () => {
  test("all are there, and the coverage names nothing", async () => {
    const even = await judged(120, 120);
    expect([even.verdict, even.warned, even.found]).toEqual(["met", [], []]);
    expect(even.coverage).not.toContain("not accounted for");
  });

  test("many are missing, or there twice: nobody knows whether clients' events are there", async () => {
    const lost = await judged(120, 90);
    expect([lost.verdict, lost.warned]).toEqual(["unknown", ["unread-rows-out-of-step 30"]]);
    expect(lost.doubt).toContain("rows that clients add to events may be lost or doubled: it has 30 rows fewer than it must: in normal service each of 40 transactions that added a row to items added one here, and since the start items has grown by 120, this by 90");
    expect((await judged(120, 170)).doubt).toContain("50 rows more than it must");
  });

  test("few may be exceptions that were not seen, and are worth knowing", async () => {
    expect(await judged(120, 119)).toMatchObject({ verdict: "met", warned: ["unread-rows-out-of-step 1"], doubt: "" });
    expect(await judged(120, 119, { n: 1_000 })).toMatchObject({ verdict: "unknown", warned: ["unread-rows-out-of-step 1"] });
  });

  test("nothing is held against it where clients delete there, where rare operations may write it, or where the other table is accused", async () => {
    expect(await judged(120, 60, { deleted: 3 })).toMatchObject({ verdict: "met", warned: [] });
    expect(await judged(120, 170, { late: true })).toMatchObject({ verdict: "met", warned: ["unread-rows-out-of-step 50"] });
    expect(await judged(120, 120, { lost: 60 })).toMatchObject({ found: ["write-lost"], warned: [] });
  });
});
