// Rows that clients added and that are not as those of normal service: told where that can't be chance, nor the clients' doing.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, type History, type Op } from "./history.ts";

type Case = { readonly seen?: number; readonly all?: number; readonly rows?: number; readonly habit?: string; readonly updated?: number; readonly sample?: object; readonly faults?: NonNullable<History["drill"]>["faults"]; readonly late?: boolean; readonly back?: boolean };

/** A run whose clients added `all` rows to `events`, `seen` of them before the migration; `rows` hold something else in `status`. */
async function judged({ seen = 60, all = 160, rows = 40, habit = "filled", updated = 0, sample, faults, late = false, back = true }: Case) {
  await using folder = await temporaryFolder();
  const ops: Op[] = Array.from({ length: 120 }, (_, i) => ({ at: 10 + i * 5, op: late && i === 119 ? "rare" : "book", effects: [insert(`k${i}`, "x")] }));
  const ended = back ? [[5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }]] as const : [[6_000, { kind: "migration", state: "completed" }]] as const;
  const directory = record(folder.path, { before: [], after: ops.map(({ effects = [] }) => [effects[0]?.key ?? "", "x"] as const), ops, ...(faults && { drill: { faults } }),
    events: [[0, { kind: "run", state: "started" }], [600, { kind: "phase", phase: "migration", state: "started" }], [601, { kind: "migration", state: "started" }], ...ended, [9_000, { kind: "quiescence", state: "proven", detail: "0" }], [9_500, { kind: "run", state: "completed" }]] });
  const table = { database: "", name: "events", full: "public.events", rows: 100, checksum: null, columns: [{ name: "id", type: "bigint", read: false, checksum: null }, { name: "status", type: "text", read: false, checksum: null }], entities: [], key: ["id"], cascades: [], triggers: [] };
  writeFileSync(join(directory, "before/unread.json"), JSON.stringify([{ ...table, top: { grows: "id", above: "100", at: "1" } }]));
  writeFileSync(join(directory, "after/unread.json"), JSON.stringify([{ ...table, rows: 100 + all, unlike: { rows: all, columns: rows > 0 ? { status: [{ habit, rows, keys: ["171", "172"] }] } : {} } }]));
  writeFileSync(join(directory, "before/activity.json"), JSON.stringify([{ database: "", table: "public.events", inserted: seen, updated, deleted: 0, habits: { rows: seen, columns: { status: [{ is: habit }] } }, ...(sample && { sample }) }]));
  const card = await judge(directory);
  return { verdict: card.objectives.find(({ name }) => name === "consistency")?.verdict, told: card.warnings.filter(({ kind }) => kind === "unread-rows-unlike").map(({ subject, count }) => `${subject} ${count}`), doubt: card.doubts.join(), found: card.findings.map(({ kind }) => kind) };
}

const SILENT = { verdict: "met", told: [], doubt: "", found: [] };

test("all as before: nothing", async () => {
  expect(await judged({ rows: 0 })).toEqual(SILENT);
});

describe.each([["filled", "hold no value in status"], ["empty", "hold a value in status"], ["same", "hold another value in status"], ["of the moment", "hold a time in status that is not that of the run"]])("what was %s", (habit, words) => {
  test("and isn't in many rows makes the run unknown, and says so", async () => {
    const told = await judged({ habit });
    expect(told).toMatchObject({ verdict: "unknown", told: ["events 40"], found: [] });
    expect(told.doubt).toContain(`of 100 rows that were added since the migration began, 40 ${words}: in normal service none of 60 did`);
  });
});

test("one value in many rows that were distinct", async () => {
  expect(await judged({ habit: "distinct", rows: 90 })).toMatchObject({ verdict: "unknown", told: ["events 90"] });
  expect(await judged({ habit: "distinct", rows: 30 })).toEqual(SILENT); // drawn from few, so many are alike by chance
});

describe("nothing is told", () => {
  test("where so few may be exceptions that were not seen", async () => {
    expect(await judged({ rows: 9 })).toEqual(SILENT);
    expect(await judged({ rows: 10 })).toMatchObject({ told: ["events 10"] });
    expect(await judged({ rows: 3, seen: 400, all: 500 })).toMatchObject({ told: ["events 3"] });
  });

  test("where clients change these rows, unless they were seen to leave the column alone", async () => {
    expect(await judged({ updated: 9 })).toEqual(SILENT);
    expect(await judged({ updated: 9, sample: { rows: 100, gone: 0, touched: 5, changed: { status: 1 } } })).toEqual(SILENT);
    expect(await judged({ updated: 9, sample: { rows: 100, gone: 0, touched: 2, changed: {} } })).toEqual(SILENT);
    expect(await judged({ updated: 9, sample: { rows: 100, gone: 0, touched: 5, changed: { id: 1 } } })).toMatchObject({ told: ["events 40"] });
  });

  test("of times where a clock was set wrong on purpose, and where the way back doesn't end where the migration began", async () => {
    const faults: Case["faults"] = [{ kind: "clock-skewed", on: "postgres", offsetMs: -60_000, at: { afterMs: 700 } }];
    expect((await judged({ habit: "of the moment", faults })).told).toEqual([]);
    expect((await judged({ habit: "filled", faults })).told).toEqual(["events 40"]);
    expect((await judged({ back: false })).told).toEqual([]);
  });

  test("that makes the run unknown where a rare operation may have written it", async () => {
    expect(await judged({ late: true })).toMatchObject({ verdict: "met", told: ["events 40"], doubt: "" });
  });
});
