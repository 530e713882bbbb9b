// Packing: the same run in columns, judged the same, and never half of it.

import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EvidenceDatabase } from "../../harness/evidence/database.ts";
import { isPacked, packDumps, packRun } from "../../harness/evidence/pack.ts";
import { judge } from "../../harness/judge/judge.ts";
import { add, insert, record, remove, update, type History, type Op } from "../judge/history.ts";
import { temporaryFolder } from "../support/drills.ts";

const ITEM = [{ name: "item", key: "key" }];

/** Ninety records with every kind of operation, and every kind of harm done to some. */
function everything(): History {
  const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
  const ops: Op[] = keys.flatMap((key, i): Op[] => [
    { at: i, effects: [update(key, `u${i}`)] }, { at: 100 + i, outcome: i % 7 === 0 ? "indeterminate" : "committed", effects: [add(key, i), insert(`n${i}`, i % 5 === 0 ? null : "new")] },
    ...(i % 6 === 0 ? [{ at: 300 + i, effects: [remove(key)] }] : []),
    ...(i % 11 === 0 ? [{ at: 400 + i, outcome: "rejected" as const, effects: [update(key, "never")] }] : []),
    ...(i === 31 ? [{ at: 500, effects: [{ key, kind: "update", value: { nickname: "Al" } }] }] : []),
  ]);
  const held = keys.flatMap((key, i): [string, string | null, number][] => [
    ...(i % 6 === 0 ? [] : [[key, i === 10 ? "altered" : i === 13 ? "v" : `u${i}`, 10 + i] as [string, string, number]]),
    ...(i === 20 ? [] : [[`n${i}`, i % 5 === 0 ? null : "new", 0] as [string, string | null, number]]),
  ]);
  return { before: keys.map((key) => [key, "v", 10]), after: [...held, ["phantom", "x"], ["k3", "u3", 13]], ops };
}

describe("a packed run", () => {
  const small = 8 * 1024 ** 2;
  test.for([
    { bucket: 500_000, part: 5_000_000, smallBytes: small }, { bucket: 7, part: 20, smallBytes: small }, { bucket: 5, part: 1_000, smallBytes: small },
    { bucket: 500_000, part: 5_000_000, smallBytes: 0 }, { bucket: 7, part: 20, smallBytes: 0 },
  ])("is judged as it was line by line, with %o", async (sizes) => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), everything());
    const before = await judge(run);
    expect(before.measures).toMatchObject({ lostWrites: { definite: 2 }, phantomWrites: 1, duplicateWrites: 1, alteredWrites: 1, shedValues: 1 });
    await packRun(run, ITEM, sizes);
    expect(await judge(run)).toEqual(before);
    expect(await readdir(join(run, "ledger"))).not.toContain("intents.ndjson");
    expect(await readdir(join(run, "after"))).not.toContain("entity-item.csv.zst");
    expect((await readdir(join(run, "ledger"))).length).toBeGreaterThan(sizes.part < 100 ? 4 : 1);
  });

  test.for([{ bucket: 500_000, keeps: "as it is" }, { bucket: 7, keeps: "cut into buckets" }])("takes over what was packed before it ran, %o", async ({ bucket }) => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), everything());
    const before = await judge(run);
    await packDumps(run, "before", ITEM);
    expect((await readdir(join(run, "before"))).filter((file) => file.startsWith("entity-"))).toEqual(["entity-item.0.parquet"]);
    expect(await judge(run), "not packed yet").toEqual(before);
    await packRun(run, ITEM, { bucket, part: 20, smallBytes: small });
    expect(await judge(run)).toEqual(before);
    expect((await readdir(join(run, "before"))).length > 5, "in parts").toBe(bucket === 7);
  });

  test("leaves dumps as they are that may have to be cut into buckets", async () => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), everything());
    await packDumps(run, "before", ITEM, { bucket: 7, part: 20, smallBytes: small });
    expect((await readdir(join(run, "before"))).filter((file) => file.startsWith("entity-"))).toEqual(["entity-item.csv.zst"]);
  });

  test("keeps every operation with its effects, null and the empty text", async () => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), { before: [["a", "", 1], ["b", null, 1]], after: [], ops: [{ at: 1, effects: [update("a", null), add("b", 2)] }, { at: 2, outcome: "rejected" }] });
    await packRun(run, ITEM);
    await using database = await EvidenceDatabase.open(run, ITEM);
    expect(await database.rows("select seq::int as seq, outcome, len(effects)::int as effects from operations order by seq")).toEqual([{ seq: 1, outcome: "committed", effects: 2 }, { seq: 2, outcome: "rejected", effects: 0 }]);
    expect(await database.rows("select key, kind, value::varchar as value from effects order by key")).toEqual([{ key: "a", kind: "update", value: '{"value":null}' }, { key: "b", kind: "add", value: '{"stock":2}' }]);
    expect(await database.rows("select * from before_item order by key")).toEqual([{ key: "a", value: "", stock: "1" }, { key: "b", value: null, stock: "1" }]);
  });

  test("leaves no file open, though it read but the head of some", async () => {
    await using folder = await temporaryFolder();
    // Long enough, and random enough, that a reader doesn't have all of it at once.
    const rows = Array.from({ length: 20_000 }, (_, i): [string, string, number] => [`k${i}`, createHash("sha256").update(String(i)).digest("base64"), i]);
    const run = record(join(folder.path, "run"), { before: rows, after: rows, ops: [] });
    await packRun(run, ITEM);
    const open = (await readdir("/proc/self/fd")).flatMap((fd) => {
      try { return [readlinkSync(`/proc/self/fd/${fd}`)]; } catch { return []; /* the listing's own */ }
    });
    expect(open.filter((path) => path.startsWith(folder.path))).toEqual([]);
  });

  test("counts as packed only once all of it is there", async () => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), everything());
    const before = await judge(run);
    // What a packer that was killed leaves: its own folder, and some of the files.
    await mkdir(join(run, ".packing"));
    await writeFile(join(run, "ledger/effects.0.parquet"), "half");
    expect(await isPacked(run)).toBe(false);
    expect(await judge(run)).toEqual(before);
    await packRun(run, ITEM);
    expect(await judge(run)).toEqual(before);
    expect(await readdir(run)).not.toContain(".packing");
  });

  test("has no dumps of a moment at which it was killed: half of one is no reason not to judge the rest", async () => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), everything());
    const dump = join(run, "after/entity-item.csv.zst");
    await writeFile(dump, (await readFile(dump)).subarray(0, 40));
    await expect(judge(run), "of facts that are whole it is an error").rejects.toThrow();
    for (const facts of ["entities", "structure", "integrity", "invariants"]) await rm(join(run, `after/${facts}.json`));
    const card = await judge(run);
    expect(card.objectives.find(({ name }) => name === "loss")).toMatchObject({ verdict: "unknown", reason: "the data could not be reconciled" });
    await packRun(run, ITEM);
    expect((await judge(run)).verdict).toBe("unknown");
  });

  test("takes names that differ in case, and a run without any effect", async () => {
    await using folder = await temporaryFolder();
    const effects = [{ key: "a", kind: "update", value: { value: "2", Value: "3" } }];
    const run = record(join(folder.path, "run"), { before: [["a", "1"]], after: [["a", "2"]], ops: [{ at: 1, effects }] });
    await packRun(run, ITEM);
    expect((await judge(run)).measures).toMatchObject({ alteredWrites: 0, shedValues: 1 });
    const none = record(join(folder.path, "none"), { before: [], after: [], ops: [], silent: true });
    await packRun(none, ITEM);
    expect((await judge(none)).measures).toMatchObject({ lostWrites: { definite: 0 }, operations: { committed: 0 } });
  });
});
