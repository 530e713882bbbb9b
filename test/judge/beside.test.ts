// A log of changes that no entity reads: a row for each write that clients were told of, or nobody knows what became of the others.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { byChance } from "../../harness/judge/chance.ts";
import { judge } from "../../harness/judge/judge.ts";
import { besideOf, type Growing } from "../../harness/observe/lockstep.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, update, type Op } from "./history.ts";

const NS = 1e6;
type Case = { readonly logged: number; readonly then?: number; readonly lost?: boolean; readonly unsure?: number; readonly updated?: number; readonly n?: number };

/** `n` bookings and as many changes of them, every 10 ms, half of both before the look; `audit` had `then` rows at that time, and `logged` in the end. */
async function judged({ logged, then, lost = false, unsure = 0, updated = 0, n = 60 }: Case) {
  await using folder = await temporaryFolder();
  const ops = Array.from({ length: n }, (_, i): Op[] => [{ at: 10 + i * 10, op: "book", effects: [insert(`k${i}`, "x")] }, { at: 15 + i * 10, op: "rename", effects: [update(`k${i}`, "y")], ...(i >= n - unsure && { outcome: "indeterminate" as const }) }]).flat();
  const middle = (10 + (n / 2) * 10 - 1) * NS;
  const directory = record(folder.path, { before: [], after: Array.from({ length: lost ? n / 2 : n }, (_, i) => [`k${i}`, "y"] as const), ops,
    events: [[0, { kind: "run", state: "started" }], [10 + n * 5, { kind: "phase", phase: "migration", state: "started" }], [11 + n * 5, { kind: "migration", state: "started" }], [5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }], [9_000, { kind: "quiescence", state: "proven", detail: "0" }], [9_500, { kind: "run", state: "completed" }]] });
  const table = (name: string, entities: readonly string[], rows: number) => ({ database: "", name, full: `public.${name}`, rows, checksum: null, columns: [{ name: "id", type: "int", read: entities.length > 0, checksum: null }], entities, key: [], cascades: [], triggers: [] });
  for (const [when, more] of [["before", 0], ["after", logged]] as const) writeFileSync(join(directory, when, "unread.json"), JSON.stringify([table("items", ["item"], 7), table("audit", [], 100 + more)]));
  const seen = then ?? n;
  writeFileSync(join(directory, "before/activity.json"), JSON.stringify([{ database: "", table: "public.audit", inserted: seen, updated, deleted: 0, beside: { sources: ["public.items"], rows: seen, transactions: n / 2, from: middle, to: middle + 1 } }]));
  const card = await judge(directory);
  return { verdict: card.objectives.find(({ name }) => name === "consistency")?.verdict, told: card.warnings.filter(({ kind }) => kind === "unread-rows-out-of-step").map(({ subject, count }) => `${subject} ${count}`), doubt: card.doubts.join(), coverage: card.coverage?.sentence ?? "" };
}

test("a row for each write: nothing, and the coverage says so", async () => {
  const all = await judged({ logged: 120 });
  expect(all).toMatchObject({ verdict: "met", told: [], doubt: "" });
  expect(all.coverage).not.toContain("not accounted for");
});

test("for many of them none, or several: nobody knows", async () => {
  const fewer = await judged({ logged: 110 });
  expect(fewer).toMatchObject({ verdict: "unknown", told: ["audit 10"] });
  expect(fewer.doubt).toContain("it has 10 rows fewer than it must: in normal service each write of items left one here (60 of 60), and since the start clients were told of 120 such writes (insert of item, update of item), while this has grown by 110");
  expect(await judged({ logged: 150 })).toMatchObject({ verdict: "unknown", told: ["audit 30"] });
});

test("for few of them none: worth knowing, since an exception may not have been seen", async () => {
  expect(await judged({ logged: 118 })).toMatchObject({ verdict: "met", told: ["audit 2"], doubt: "" });
});

test("which writes leave a row is learned: bookings alone may", async () => {
  expect(await judged({ logged: 60, then: 30 })).toMatchObject({ verdict: "met", told: [] });
  expect(await judged({ logged: 50, then: 30 })).toMatchObject({ verdict: "unknown", told: ["audit 10"] });
});

test("writes of which nobody knows whether they were done may have left one", async () => {
  expect(await judged({ logged: 110, unsure: 10 })).toMatchObject({ told: [], doubt: "" });
  expect((await judged({ logged: 100, unsure: 10 })).told).toEqual(["audit 10"]);
});

test("without a rule nothing is told, and the coverage names the table", async () => {
  const none = await judged({ logged: 100, then: 41 });
  expect(none).toMatchObject({ verdict: "met", told: [], doubt: "" });
  expect(none.coverage).toContain("Rows that clients add to audit are not accounted for");
  expect((await judged({ logged: 100, updated: 1 })).told).toEqual([]);
});

test("where the writes themselves are gone, that is told, and not this", async () => {
  expect((await judged({ logged: 60, lost: true })).told).toEqual([]);
});

test("a rule is that each transaction is there", () => {
  const added = (ids: readonly number[], n = 1) => new Map(ids.map((id) => [String(id), n]));
  const ids = Array.from({ length: 30 }, (_, i) => i);
  const of = (table: string, read: boolean, map: ReadonlyMap<string, number>, more: object = {}): Growing => ({ table, read, more: [...map.values()].reduce((sum, n) => sum + n, 0), added: map, kept: true, unchanged: true, ...more });
  const log = of("audit", false, added([...ids, 40, 41]));
  expect(besideOf([of("items", true, added(ids)), log])).toEqual([{ table: "audit", sources: ["items"], rows: 32, transactions: 30 }]);
  expect(besideOf([of("items", true, added([...ids, 50])), log])).toEqual([]);
  expect(besideOf([of("items", true, added(ids.slice(0, 15))), of("guests", true, added(ids.slice(10))), of("rooms", true, added([99])), log])).toEqual([{ table: "audit", sources: ["items", "guests"], rows: 32, transactions: 30 }]);
  expect(besideOf([of("items", true, added(ids.slice(0, 19))), log])).toEqual([]);
  expect(besideOf([of("items", true, added(ids)), { ...log, unchanged: false }])).toEqual([]);
  expect(besideOf([of("items", true, added(ids)), { ...log, kept: false }])).toEqual([]);
  expect(besideOf([of("items", true, added(ids)), { ...log, more: 33 }])).toEqual([]);
});

test("chance: all exceptions among the later ones", () => {
  expect(byChance(1, 10, 10)).toBe(0.5);
  expect(byChance(2, 2, 2)).toBeCloseTo(1 / 6);
  expect(byChance(0, 10, 10)).toBe(1);
  expect(byChance(10, 100, 60)).toBeCloseTo(0.0076, 3);
});
