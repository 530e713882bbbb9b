// Data that no entity reads: what changed without the clients is found, what they explain is not, and what can't be told is named.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ask } from "../../harness/judge/ask.ts";
import { judge } from "../../harness/judge/judge.ts";
import { unaccountedFor } from "../../harness/judge/unaccounted.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, remove, update, type Op } from "./history.ts";

type Rows = readonly (readonly [key: number, digest: number])[];
type Table = { readonly rows?: Rows; readonly count?: number; readonly key?: boolean; readonly entities?: readonly string[]; readonly triggers?: readonly object[]; readonly cascades?: readonly string[]; readonly why?: string; readonly leaveOut?: readonly string[]; readonly stamped?: boolean;
  /** The fields of the entity that may show a part of `body`. */ readonly through?: readonly string[]; /** By key: a digest, or null where the row is gone. */ readonly sample?: Readonly<Record<string, number | null>> };
type Told = { readonly activity?: readonly [inserted: number, updated: number, deleted: number]; readonly ops?: readonly Op[]; readonly objectives?: object; readonly reference?: boolean; readonly late?: boolean; readonly excuses?: readonly object[]; readonly unseen?: boolean; readonly watched?: { readonly rows: number; readonly gone: number; readonly touched: number; readonly changed: Readonly<Record<string, number>> } };

/** A table `notes` with a column that no entity reads. */
async function judged(before: Table, after: Table, { activity, ops = [], objectives, reference, late, unseen, watched, excuses }: Told = {}) {
  await using folder = await temporaryFolder();
  const directory = record(folder.path, { silent: true, before: [["a", "x"]], after: [["a", "x"]], ops, ...(objectives && { drill: { objectives } }),
    ...(late && { events: [[0, { kind: "run", state: "started" }], [100, { kind: "load", state: "steady" }], [200, { kind: "phase", phase: "migration", state: "started" }], [201, { kind: "migration", state: "started" }], [5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }], [9_000, { kind: "quiescence", state: "proven", detail: "0" }], [9_500, { kind: "run", state: "completed" }]] as const }) });
  if (excuses) {
    const header = JSON.parse(readFileSync(join(directory, "drill.json"), "utf8")) as { system: object };
    writeFileSync(join(directory, "drill.json"), JSON.stringify({ ...header, system: { ...header.system, unread: excuses } }));
  }
  for (const [when, table] of [["before", before], ["after", after]] as const) {
    const sum = (table.rows ?? []).reduce((total, [key, digest]) => total + key * 1000 + digest, table.count ?? 0);
    const file = table.rows && `${when}/rows-1.csv.zst`;
    if (file) writeFileSync(join(directory, file), zstdCompressSync(`key,digest\n${(table.rows ?? []).map(([key, digest]) => `${table.key === false ? "" : key},${digest}\n`).join("")}`));
    writeFileSync(join(directory, when, "unread.json"), JSON.stringify([{
      database: "", name: "notes", full: "public.notes", rows: table.why ? null : table.rows?.length ?? table.count, ...(table.why && { why: table.why }), checksum: String(sum),
      columns: [{ name: "id", type: "integer", read: (table.entities ?? []).length > 0, checksum: String(table.rows?.length ?? 0) }, { name: "body", type: "text", read: false, checksum: String(sum), ...(table.stamped && { stamped: true }), ...(table.through && { through: (table.entities ?? []).map((entity) => ({ entity, fields: table.through })) }) }],
      entities: table.entities ?? [], leaveOut: table.leaveOut ?? [], key: table.key === false ? [] : ["id"], cascades: table.cascades ?? [], triggers: table.triggers ?? [], ...(file && { file }),
    }]));
  }
  for (const [when, { sample }] of [["before", before], ["after", after]] as const) if (sample) {
    const rows = Object.entries(sample).map(([key, digest]) => ({ database: "", table: "public.notes", key: [key], xmin: digest === null ? null : "1", digests: { body: digest === null ? null : String(digest) } }));
    writeFileSync(join(directory, when, "sample.json"), JSON.stringify(rows));
  }
  if (activity) writeFileSync(join(directory, "before/activity.json"), JSON.stringify([{ database: "", table: "public.notes", inserted: activity[0], updated: activity[1], deleted: activity[2], ...(unseen && { unseen }), ...(watched && { sample: watched }) }]));
  if (reference) {
    mkdirSync(join(directory, "reference"));
    writeFileSync(join(directory, "reference/structure.json"), "[]");
  }
  const card = await judge(directory);
  for (const answer of await ask(directory, card.findings.map(({ query }) => query))) expect(answer.length).toBeGreaterThan(0);
  return { card, verdict: card.verdict, consistency: card.objectives.find(({ name }) => name === "consistency")?.verdict, found: card.findings.map(({ kind, count }) => `${kind} ${count}`), warned: card.warnings.map(({ kind }) => kind), coverage: card.coverage,
    open: (card.coverage?.unaccounted ?? []).map(({ table, columns, why }) => `${[table, ...columns].join(" ")}: ${why}`), unaccounted: card.objectives.find(({ name }) => name === "unaccounted") };
}

const ROWS: Rows = [[1, 11], [2, 12], [3, 13], [4, 14]];
const LESS: Rows = ROWS.slice(0, 2);
const OTHER: Rows = [[1, 11], [2, 12], [3, 13], [4, 99]];
const MORE: Rows = [...ROWS, [5, 15]];

describe("what nobody explains", () => {
  test("is found: rows that are gone, new ones, other values, each with its key", async () => {
    const lost = await judged({ rows: ROWS }, { rows: LESS });
    expect(lost.found).toEqual(["unread-rows-lost 2"]);
    expect(lost.consistency).toBe("missed");
    expect(lost.card.findings[0]?.examples).toEqual(["3", "4"]);
    expect(lost.card.measures.unexplainedChanges).toBe(1);
    expect((await judged({ rows: ROWS }, { rows: MORE })).found).toEqual(["unread-rows-added 1"]);
    expect((await judged({ rows: ROWS }, { rows: OTHER })).found).toEqual(["unread-values-changed 1"]);
  });

  test("and nothing is where nothing changed", async () => {
    const same = await judged({ rows: ROWS }, { rows: ROWS }, { ops: [{ at: 10, effects: [update("a", "x")] }] });
    expect([same.found, same.warned, same.consistency]).toEqual([[], [], "met"]);
    expect(same.coverage).toMatchObject({ columns: { all: 2, byEntities: 0, byChecksum: 2 }, tables: { all: 1, byChecksum: 1 }, notLookedAt: [] });
    expect(same.coverage?.sentence).toBe("Entities read 0 % of the columns; 1 table by checksum; everything was looked at.");
  });

  test("is found without a key, and where rows are too many to be listed", async () => {
    expect((await judged({ rows: ROWS, key: false }, { rows: LESS, key: false })).found).toEqual(["unread-rows-lost 2"]);
    expect((await judged({ rows: ROWS, key: false }, { rows: OTHER, key: false })).found).toEqual(["unread-values-changed 1"]);
    expect((await judged({ count: 300_000 }, { count: 299_990 })).found).toEqual(["unread-rows-lost 10"]);
  });

  test("counts for integrity where a drill has no objective of consistency", async () => {
    const { card } = await judged({ rows: ROWS }, { rows: LESS }, { objectives: { integrity: { maxProblems: 0 } } });
    expect(card.objectives.find(({ name }) => name === "integrity")?.verdict).toBe("missed");
    expect(card.findings.map(({ kind }) => kind)).toEqual(["unread-rows-lost"]);
  });

  test("is only worth knowing where steps stay in place", async () => {
    const stays = await judged({ rows: ROWS }, { rows: OTHER }, { reference: true });
    expect([stays.found, stays.warned]).toEqual([[], ["unread-values-changed"]]);
  });
});

describe("what clients write and nobody reads", () => {
  const ops = [{ at: 10, effects: [update("a", "x")] }];
  const CHANGED = { rows: 4, gone: 0, touched: 1, changed: { body: 1 } };
  const cases: readonly (readonly [what: string, before: Table, after: Table, told: Told, open: readonly string[]])[] = [
    ["rows that they add", { rows: ROWS }, { rows: MORE }, { activity: [3, 0, 0] }, ["public.notes: clients add rows"]],
    ["rows that they take away, of a table without a key", { rows: ROWS, key: false }, { rows: ROWS, key: false }, { activity: [0, 0, 3] }, ["public.notes: clients delete rows"]],
    ["columns that they change", { rows: ROWS, sample: { 1: 1, 2: 2, 3: 3, 4: 4 } }, { rows: OTHER, sample: { 1: 1, 2: 2, 3: 3, 4: 9 } }, { activity: [0, 3, 0], watched: CHANGED }, ["public.notes body: clients change it"]],
    ["rows too many to be told apart", { count: 300_000, key: false }, { count: 300_000, key: false }, { activity: [0, 3, 0] }, ["public.notes: clients change rows that can't be told apart"]],
  ];

  test.each(cases)("%s: nobody knows what became of it, and the run is unknown by that alone", async (_what, before, after, told, open) => {
    const seen = await judged(before, after, { ops, ...told });
    expect([seen.open, seen.unaccounted?.verdict, seen.consistency, seen.verdict, seen.found]).toEqual([open, "unknown", "met", "unknown", []]);
    expect(seen.unaccounted?.reason).toContain(`${open[0]?.replace("notes body:", "notes (body):")}. Let an entity read it, or say in the system's file why it may be: unread: [{ table: "public.notes`);
  });

  test.each(cases)("%s: excused with a reason, it stands in the coverage, and the run is met", async (_what, before, after, told) => {
    for (const table of ["public.notes", "public.*", "*"]) {
      const seen = await judged(before, after, { ops, ...told, excuses: [{ table, reason: "a log, kept elsewhere" }] });
      expect([seen.open, seen.unaccounted, seen.verdict]).toEqual([[], undefined, "met"]);
      expect(seen.coverage?.sentence).toContain("Excused: public.notes (a log, kept elsewhere).");
    }
    for (const excuse of [{ table: "audit.*", reason: "elsewhere" }, { table: "public.notes", reason: "until then", until: "2020-01-01" }]) {
      expect((await judged(before, after, { ops, ...told, excuses: [excuse] })).verdict).toBe("unknown");
    }
  });

  test("a column is excused by its name, and the others are not", async () => {
    const [, before, after, told] = cases[2] as (typeof cases)[number];
    expect((await judged(before, after, { ops, ...told, excuses: [{ table: "public.notes.body", reason: "a time stamp" }] })).verdict).toBe("met");
    expect((await judged(before, after, { ops, ...told, excuses: [{ table: "public.notes.other", reason: "a time stamp" }] })).verdict).toBe("unknown");
  });

  test("is nobody's business where a drill doesn't ask for consistency, and stands behind what is missed", async () => {
    const [, before, after, told] = cases[0] as (typeof cases)[number];
    expect((await judged(before, after, { ops, ...told, objectives: { integrity: { maxProblems: 0 } } })).verdict).toBe("met");
    const missed = await judged(before, { rows: [...LESS, [5, 15]] }, { ops, ...told });
    expect([missed.verdict, missed.unaccounted]).toEqual(["missed", undefined]);
  });
});

describe("a table that entities read in part, and that clients write", () => {
  const inPart = { entities: ["item"] };
  const sampled = (last: number) => ({ ...inPart, sample: { 1: 1, 2: 2, 3: 3, 4: last } });
  const watched = { rows: 4, gone: 0, touched: 1, changed: { body: 1 } };

  test("has columns that clients change, which are named, and make a run unknown where more changed than that", async () => {
    const few = await judged({ rows: ROWS, ...sampled(4) }, { rows: OTHER, ...sampled(9) }, { activity: [0, 1, 0], watched });
    expect([few.open, few.coverage?.notLookedAt[0]?.reason]).toEqual([[], "clients write it; its rows were looked at; clients change body"]);
    const keys = Array.from({ length: 60 }, (_, i) => i);
    const many = (value: number) => ({ count: 60, ...inPart, sample: Object.fromEntries(keys.map((key) => [key, value])) });
    expect((await judged(many(1), many(2), { activity: [0, 1, 0], watched })).open).toEqual([expect.stringContaining("public.notes body: 60 of 60 rows hold other values than before (body), and that is more than clients account for")]);
  });

  test("has a column that a trigger stamps: who writes a row for a good reason changes it as well", async () => {
    const keys = Array.from({ length: 60 }, (_, i) => i);
    const many = (value: number) => ({ count: 60, stamped: true, ...inPart, sample: Object.fromEntries(keys.map((key) => [key, value])) });
    const seen = await judged(many(1), many(2), { activity: [0, 1, 0], watched });
    expect([seen.open, seen.found, seen.warned]).toEqual([[], [], ["unread-values-changed"]]);
  });

  test("has columns of new rows that nobody knows, and they are named", async () => {
    expect((await judged({ rows: ROWS, ...inPart }, { rows: MORE, ...inPart }, { activity: [1, 0, 0] })).coverage?.added).toEqual(["notes (body)"]);
    expect((await judged({ rows: ROWS, ...inPart }, { rows: MORE, ...inPart }, { activity: [1, 0, 0] })).open).toEqual([]);
    expect((await judged({ rows: ROWS, ...inPart, through: ["body"] }, { rows: MORE, ...inPart, through: ["body"] }, { activity: [1, 0, 0] })).coverage?.added).toEqual([]);
  });
});

test("rows without a key that are not as they were, beside those that clients add, may be gone", async () => {
  const { card, found } = await judged({ rows: ROWS, key: false }, { rows: [...LESS, [5, 15], [6, 16]], key: false }, { activity: [3, 0, 0] });
  expect([found, card.findings[0]?.detail]).toEqual([["unread-rows-lost 2"], expect.stringContaining("2 of 4 rows that were there before are gone, or hold other values, and clients were not seen to delete there")]);
});

describe("what clients do", () => {
  test("explains that, and not the rest", async () => {
    expect((await judged({ rows: ROWS }, { rows: MORE }, { activity: [3, 0, 0] })).found).toEqual([]);
    expect((await judged({ rows: ROWS }, { rows: [...LESS, [5, 15]] }, { activity: [3, 0, 0] })).found).toEqual(["unread-rows-lost 2"]);
    expect((await judged({ rows: ROWS }, { rows: OTHER }, { activity: [0, 3, 0] })).found).toEqual([]);
    expect((await judged({ rows: ROWS }, { rows: LESS }, { activity: [0, 3, 0] })).found).toEqual(["unread-rows-lost 2"]);
    expect((await judged({ rows: ROWS }, { rows: LESS }, { activity: [0, 0, 3] })).found).toEqual([]);
    expect((await judged({ rows: ROWS }, { rows: OTHER }, { activity: [0, 0, 3] })).found).toEqual(["unread-values-changed 1"]);
  });

  test("is named as not looked at where it hides the rest", async () => {
    const { found, coverage, verdict } = await judged({ rows: ROWS }, { rows: LESS }, { activity: [1, 1, 1] });
    expect([found, coverage?.notLookedAt, verdict]).toEqual([[], [{ table: "notes", reason: "clients change and delete its rows" }], (await judged({ rows: ROWS }, { rows: ROWS })).verdict]);
    expect((await judged({ count: 9 }, { count: 9, why: "it can't be read: no" })).coverage?.notLookedAt).toEqual([{ table: "notes", reason: "it can't be read: no" }]);
  });

  test("counts as the ledger tells it, also by triggers and cascades", async () => {
    const ops = [{ at: 10, effects: [update("a", "x")] }];
    expect((await judged({ rows: ROWS, entities: ["item"] }, { rows: OTHER, entities: ["item"] }, { ops })).found).toEqual([]);
    expect((await judged({ rows: ROWS, entities: ["item"] }, { rows: OTHER, entities: ["item"] })).found).toEqual(["unread-values-changed 1"]);
    expect((await judged({ rows: ROWS, entities: ["item"] }, { rows: OTHER, entities: ["item"] }, { ops: [{ ...ops[0], at: 10, outcome: "rejected" }] })).found).toEqual(["unread-values-changed 1"]);
    const self = { triggers: [{ on: "public.notes", does: ["insert"] }] };
    expect((await judged({ rows: ROWS, ...self }, { rows: MORE, ...self }, { activity: [0, 1, 0] })).found).toEqual([]);
    expect((await judged({ rows: ROWS, ...self }, { rows: MORE, ...self })).warned).toEqual(["unread-rows-added"]);
    expect((await judged({ rows: ROWS, ...self }, { rows: LESS, ...self })).found).toEqual(["unread-rows-lost 2"]);
  });

  test.each([["added", MORE], ["lost", LESS], ["changed", OTHER]] as const)("may be rare: an operation that was not seen when clients were looked at leaves what is %s in doubt", async (_what, rows) => {
    const ops = [{ at: 300, op: "refund" }];
    const late = await judged({ rows: ROWS }, { rows }, { ops, late: true });
    expect([late.found, late.warned.length, late.open]).toEqual([[], 1, [expect.stringContaining("refund was not seen before the migration, and may write it")]]);
    const early = await judged({ rows: ROWS }, { rows }, { ops: [{ at: 1, op: "refund" }, ...ops], late: true });
    expect([early.found.length, early.open]).toEqual([1, []]);
    // Between the look and the migration nobody looked.
    expect((await judged({ rows: ROWS }, { rows }, { ops: [{ at: 120, op: "refund" }, ...ops], late: true })).open).toHaveLength(1);
  });
});

describe("a table that there was no time to look at beside the load", () => {
  test("accuses nobody of what clients may have done, and is named", async () => {
    const more = await judged({ rows: ROWS }, { rows: MORE }, { activity: [0, 0, 0], unseen: true });
    expect([more.found, more.warned]).toEqual([[], ["unread-rows-added"]]);
    expect(more.coverage?.notLookedAt).toEqual([{ table: "notes", reason: "there was no time to look at what clients write there" }]);
    expect((await judged({ rows: ROWS }, { rows: OTHER }, { activity: [0, 0, 0], unseen: true })).warned).toEqual(["unread-values-changed"]);
    const less = await judged({ rows: ROWS }, { rows: LESS }, { activity: [0, 0, 0], unseen: true });
    expect([less.found, less.warned, less.open]).toEqual([[], ["unread-rows-lost"], [expect.stringContaining("are gone, and clients were not seen to delete there (there was no time to look at what clients write there)")]]);
    expect((await judged({ rows: ROWS }, { rows: ROWS }, { activity: [0, 0, 0], unseen: true })).open).toEqual([]);
    expect((await judged({ rows: ROWS }, { rows: MORE }, { activity: [0, 0, 0] })).found).toEqual(["unread-rows-added 1"]);
  });
});

describe("a sample of a table that clients write", () => {
  const N = 1_000;
  const sample = (changed: number, gone = 0) => Object.fromEntries(Array.from({ length: N }, (_, i) => [String(i), i < gone ? null : i < gone + changed ? 9 : 1]));
  const of = (changed: number, gone = 0, count = 100_000): Table => ({ count, sample: sample(changed, gone) });
  const watched = (touched: number, changed: number, gone = 0) => ({ rows: N, gone, touched, changed: { ...(changed > 0 && { body: changed }) } });
  const ops: Op[] = Array.from({ length: 20 }, (_, i) => ({ at: 100 + i * 50, op: "book" }));

  test("finds a column that clients were seen not to change, though they change the rows", async () => {
    const { card, found, coverage } = await judged(of(0), of(1), { activity: [0, 40, 0], watched: watched(5, 0), ops });
    expect(found).toEqual(["unread-values-changed 1"]);
    expect(card.findings[0]).toMatchObject({ examples: ["0"], detail: expect.stringContaining("(body)") as string });
    expect(coverage?.notLookedAt).toEqual([{ table: "notes", reason: "clients write it; a sample of 1000 of its 100000 rows was looked at" }]);
    expect((await judged(of(0), of(0), { activity: [0, 40, 0], watched: watched(5, 0), ops })).found).toEqual([]);
  });

  test("says of more than clients change that it is worth knowing, and nothing of what they may have changed", async () => {
    const much = await judged(of(0), of(N), { activity: [0, 40, 0], watched: watched(4, 4), ops });
    expect([much.found, much.warned, much.open.length]).toEqual([[], ["unread-values-changed"], 2]);
    const few = await judged(of(0), of(8), { activity: [0, 40, 0], watched: watched(4, 4), ops });
    expect([few.found, few.warned, few.coverage?.notLookedAt]).toEqual([[], [], [{ table: "notes", reason: "clients write it; a sample of 1000 of its 100000 rows was looked at; clients change body" }]]);
    expect((await judged(of(0), of(N), { activity: [0, 40, 0], watched: watched(0, 0), ops })).warned).toEqual(["unread-values-changed"]);
    expect((await judged(of(0), of(2), { activity: [0, 40, 0], watched: watched(0, 0), ops })).warned).toEqual([]);
  });

  test("finds rows that are gone where clients only add, and more than they delete", async () => {
    expect((await judged(of(0), of(0, 3, 100_100), { activity: [50, 0, 0], watched: watched(0, 0), ops })).found).toEqual(["unread-rows-lost 3"]);
    expect((await judged(of(0), of(0, 500), { activity: [1, 1, 1], watched: watched(0, 0), ops })).found).toContain("unread-rows-lost 500");
    expect((await judged(of(0), of(0, 2), { activity: [1, 1, 1], watched: watched(0, 0), ops })).found).toEqual([]);
  });

  test("counts what the ledger tells where nothing was seen", async () => {
    const told: Op[] = Array.from({ length: 30 }, (_, i) => ({ at: 100 + i * 50, op: "rename", effects: [update("a", "x")] }));
    const inPart = (changed: number): Table => ({ ...of(changed, 0, N), entities: ["item"] });
    expect((await judged(inPart(0), inPart(25), { ops: told })).found).toEqual([]);
    expect((await judged(inPart(0), inPart(25), { ops: told })).warned).toEqual([]);
    expect((await judged(inPart(0), inPart(N), { ops: told })).warned).toEqual(["unread-values-changed"]);
  });

  test("says of rows that clients add that nobody accounts for them", async () => {
    expect((await judged({ rows: ROWS }, { rows: MORE }, { activity: [3, 0, 0] })).coverage?.sentence).toContain("Rows that clients add to notes are not accounted for");
    expect((await judged({ rows: ROWS }, { rows: ROWS })).coverage?.sentence).not.toContain("not accounted for");
  });
});

describe("a column that an entity reads in part", () => {
  const inPart = { entities: ["item"], through: ["body", "value"] };
  const ops: Op[] = [{ at: 10, effects: [update("a", "x")] }];

  test("is compared as what no entity reads", async () => {
    expect((await judged({ rows: ROWS, ...inPart }, { rows: OTHER, ...inPart })).found).toEqual(["unread-values-changed 1"]);
    expect((await judged({ rows: ROWS, ...inPart }, { rows: LESS, ...inPart })).found).toEqual(["unread-rows-lost 2"]);
    expect((await judged({ rows: ROWS, ...inPart }, { rows: ROWS, ...inPart })).found).toEqual([]);
  });

  test("may be changed by effects on a field that shows it, and by deletions that only mark", async () => {
    expect((await judged({ rows: ROWS, ...inPart }, { rows: OTHER, ...inPart }, { ops })).found).toEqual([]);
    expect((await judged({ rows: ROWS, ...inPart }, { rows: OTHER, ...inPart }, { ops: [{ at: 10, effects: [remove("gone")] }] })).found).toEqual([]);
    expect((await judged({ rows: ROWS, ...inPart }, { rows: OTHER, ...inPart }, { ops: [{ ...ops[0], at: 10, outcome: "rejected" }] })).found).toEqual(["unread-values-changed 1"]);
  });

  test("is not by effects on other fields, where one of its own name would have told", async () => {
    const other = { entities: ["item"], through: ["body"] };
    const sample = (changed: number) => ({ count: 9_000, ...other, sample: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [String(i), i < changed ? 9 : 1])) });
    expect((await judged(sample(0), sample(20), { ops })).found).toEqual(["unread-values-changed 20"]);
    const unnamed = (changed: number) => ({ ...sample(changed), through: ["length"] });
    expect((await judged(unnamed(0), unnamed(2), { ops })).found).toEqual([]);
  });

  test("is told once, where the records are accused already", async () => {
    const wrong = await judged({ rows: ROWS, ...inPart }, { rows: OTHER, ...inPart }, { ops: [{ at: 10, effects: [update("a", "other")] }] });
    expect(wrong.found).toEqual(["write-lost 1"]);
  });

  test("has rows that are new where its entity leaves rows out, and else they are the entity's", async () => {
    const out = { ...inPart, leaveOut: ["item"] };
    expect((await judged({ rows: ROWS, ...out }, { rows: MORE, ...out })).found).toEqual(["unread-rows-added 1"]);
    expect((await judged({ rows: ROWS, ...inPart }, { rows: MORE, ...inPart })).found).toEqual([]);
  });
});

test("what clients write and nobody reads is told by what they do there, each table once, and the rest is counted", () => {
  const open = ["audit.log", "public.vitals"].map((table) => ({ table, columns: [], why: "clients add rows" }));
  const [one] = unaccountedFor({ unaccounted: [open[0] as (typeof open)[0], { table: "public.prefs", columns: ["channel"], why: "clients change it" }, open[1] as (typeof open)[0]] });
  expect(one).toMatchObject({ verdict: "unknown", measured: { value: 3 }, reason: expect.stringContaining('nobody knows: audit.log, public.vitals: clients add rows; public.prefs (channel): clients change it. Let an entity read it, or say in the system\'s file why it may be: unread: [{ table: "audit.log", reason: ... }]') as string });
  expect(unaccountedFor({ unaccounted: Array.from({ length: 10 }, (_, i) => ({ table: `t${i}`, columns: [], why: "clients add rows" })) })[0]?.reason).toContain("t7: clients add rows and 2 more.");
  expect(unaccountedFor({})).toEqual([]);
});
