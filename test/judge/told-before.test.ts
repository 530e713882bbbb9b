// A workload that tells what it does not do, and an entity that does not read what it is about: seen before the migration, they accuse no way back.

import { describe, expect, test } from "vitest";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { add, insert, record, remove, update, type History, type Op } from "./history.ts";

const WARM_UP: History["events"] = [
  [0, { kind: "run", state: "started" }], [2_000, { kind: "migration", state: "started" }], [5_000, { kind: "rollback", state: "started", strategy: "down" }],
  [6_000, { kind: "rollback", state: "completed", strategy: "down" }], [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }], [9_500, { kind: "run", state: "completed" }],
];
const judged = async (history: History) => {
  await using folder = await temporaryFolder();
  return await judge(record(folder.path, { events: WARM_UP, ...history }));
};
const held = (value: string | null, stock = "0") => ({ value, stock });
const kinds = ({ findings }: { readonly findings: readonly { readonly kind: string }[] }) => findings.map(({ kind }) => kind);
const told = (op: string, ...ops: readonly Op[]): Op[] => ops.map((one) => ({ op, ...one }));

describe("an operation that does not do what it tells", () => {
  const GHOST: History = {
    before: [["a", "1"], ["b", "1"]], after: [["a", "1"], ["b", "2"]],
    ops: [
      ...told("ghost", { at: 100, effects: [insert("x", "1")] }, { at: 200, effects: [insert("y", "1")] }, { at: 3_000, effects: [insert("z", "1")] }),
      ...told("real", { at: 300, effects: [update("b", "2")] }),
    ],
    told: { at: 1_000, rows: [{ key: "x", held: null }, { key: "y", held: null }, { key: "b", held: held("2") }] },
  };

  test("makes the run unknown, and nothing of it is lost", async () => {
    const card = await judged(GHOST);
    expect(card).toMatchObject({ verdict: "unknown", findings: [], measures: { lostWrites: { definite: 0, possible: 0 } } });
    expect(card.summary).toMatch(/^We don't know: ghost does not do what it tells of item: 2 of 2 records that were looked at before the migration began were not as it had told \(x: told inserted, and is not there\)/);
  });

  test("hides nothing that others were told", async () => {
    const card = await judged({ ...GHOST, after: [["a", "1"], ["b", "1"]] });
    expect(card).toMatchObject({ verdict: "missed", measures: { lostWrites: { definite: 1 } } });
    expect(card.doubts[0]).toContain("ghost does not do");
  });

  test("what was there before the migration, and is gone, is lost", async () => {
    const there = { at: 1_000, rows: ["x", "y"].map((key) => ({ key, held: held("1") })) };
    const card = await judged({ ...GHOST, told: there });
    expect(card).toMatchObject({ verdict: "missed", doubts: [], measures: { lostWrites: { definite: 3 } } });
  });

  test("may be an update of no row, a delete of none, and a field that it leaves as it was", async () => {
    const ops = [...told("rename", { at: 100, effects: [update("a", "new")] }), ...told("purge", { at: 200, effects: [remove("b")] })];
    const card = await judged({ before: GHOST.before, after: [["a", "1"], ["b", "1"]], ops, told: { at: 1_000, rows: [{ key: "a", held: held("1") }, { key: "b", held: held("1") }] } });
    expect(card).toMatchObject({ verdict: "unknown", findings: [] });
    expect(card.doubts.slice(0, 2)).toEqual([expect.stringContaining("(b: told deleted, and is there)"), expect.stringContaining("(a, value: told new, and it holds 1)")]);
  });

  test("may be a counter that stays", async () => {
    const ops = told("sell", { at: 100, effects: [add("a", -1)] }, { at: 150, effects: [add("a", -2)] }, { at: 990, took: 50, effects: [add("a", -4)] });
    const rows = (stock: string) => ({ before: [["a", "1", 10]] as const, after: [["a", "1", 3]] as const, ops, told: { at: 1_000, rows: [{ key: "a", held: held("1", stock) }] } });
    expect((await judged({ ...rows("10"), after: [["a", "1", 10]] })).doubts).toEqual([expect.stringContaining("sell does not do what it tells of item: 1 of 1 records that were looked at before the migration began did not count what they had told (a, stock: by what was told 7, and it holds 10)")]);
    for (const stock of ["7", "3"]) expect(await judged(rows(stock)), `${stock}: one was under way`).toMatchObject({ findings: [], doubts: [] });
  });

  test("is not one of which nobody knows: in doubt, under way, touched by others, or told in other words", async () => {
    const rows = [{ key: "a", held: held("1") }, { key: "b", held: held("1") }, { key: "c", held: held("1") }, { key: "d", held: held("007") }];
    const ops = [
      ...told("doubtful", { at: 100, outcome: "indeterminate", effects: [update("a", "2")] }), ...told("under-way", { at: 990, took: 50, effects: [update("b", "2")] }),
      ...told("one", { at: 100, effects: [update("c", "2")] }), ...told("other", { at: 200, effects: [update("c", "1")] }), ...told("same", { at: 300, effects: [update("d", "007")] }),
    ];
    const card = await judged({ before: [["a", "1"], ["b", "1"], ["c", "1"], ["d", "1"]], after: [["a", "1"], ["b", "2"], ["c", "1"], ["d", "007"]], ops, told: { at: 1_000, rows } });
    expect(card).toMatchObject({ findings: [], doubts: [] });
    const numbers = { before: [["a", "1.5"]], after: [["a", "2.50"]], ops: told("set", { at: 100, effects: [update("a", "2.5")] }), types: ["numeric"], told: { at: 1_000, rows: [{ key: "a", held: held("2.50") }] } } as const;
    expect(await judged(numbers)).toMatchObject({ findings: [], doubts: [] });
  });

  test("tells of records that are not there", async () => {
    const ops = ["p", "q", "r"].map((key, i) => ({ op: "lost-touch", at: 100 * (i + 1), effects: [update(key, "2")] }));
    const card = await judged({ before: [["a", "1"]], after: [["a", "1"]], ops, told: { at: 1_000, rows: ops.map(({ effects }) => ({ key: effects[0]?.key ?? "", held: null })) } });
    expect(card).toMatchObject({ verdict: "unknown", summary: expect.stringContaining("lost-touch tells what it does to records of item that are not there: none of 3 that were looked at") as string });
  });
});

test("an entity whose query reads nothing is said, whatever is missing of it", async () => {
  const ops = told("book", { at: 100, effects: [insert("x", "1")] }, { at: 200, effects: [insert("y", "1")] }, { at: 3_000, effects: [insert("z", "1")] });
  const card = await judged({ before: [], after: [], ops, told: { at: 1_000, rows: [{ key: "x", held: null }, { key: "y", held: null }] } });
  expect(card).toMatchObject({ verdict: "unknown", findings: [], summary: expect.stringMatching(/entity item reads nothing: its query gave no record of the system before the load, and none of the 2 that book had been/) as string });
});

describe("a field that the entity does not read", () => {
  const fields = (at: number): History => ({ before: [["a", "1"]], after: [["a", "2"]], ops: told("rename", { at, effects: [{ key: "a", kind: "update", value: { value: "2", nickname: "Al" } }] }) });

  test("was never shed where it was told while there was the old shape alone", async () => {
    const card = await judged(fields(100));
    expect(card).toMatchObject({ verdict: "unknown", findings: [], measures: { shedValues: 0 } });
    expect(card.summary).toContain("nickname of item can't be checked: rename told it 1 time before the migration began, and entity item reads no field of that name");
  });

  test("is shed where the new shape may have held it", async () => {
    expect(kinds(await judged(fields(3_000)))).toEqual(["value-shed"]);
  });
});
