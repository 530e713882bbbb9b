// A dump that says only what differs from before: judged and packed as the whole dump is, and not judged at all where it can't be whole.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { EvidenceDatabase } from "../../harness/evidence/database.ts";
import { packDumps, packRun } from "../../harness/evidence/pack.ts";
import { dumpFile, goneFile } from "../../harness/evidence/run-directory.ts";
import { judge } from "../../harness/judge/judge.ts";
import { afterHeader, recordsOf, SameRecords } from "../../harness/observe/same-records.ts";
import { add, insert, record, remove, update, type History } from "../judge/history.ts";
import { temporaryFolder } from "../support/drills.ts";

const ITEM = [{ name: "item", key: "key" }];

/** Twenty records that nobody touched, and those that something was done to. */
const untouched = Array.from({ length: 20 }, (_, i): [string, string, number] => [`u${i}`, "v", 10]);
const before: History["before"] = [...untouched, ["a", "1", 5], ["b", "1", 5], ["c", "1", 5]];
const ops: History["ops"] = [
  { at: 10, effects: [update("a", "2")] }, { at: 20, effects: [add("b", 2)] }, { at: 30, effects: [remove("c")] }, { at: 40, effects: [insert("n", "new")] },
];
const right: History["after"] = [...untouched, ["a", "2", 5], ["b", "1", 7], ["n", "new", 0]];

/** What becomes of the records: each in its own place of the rules. */
const AFTER: Readonly<Record<string, History["after"]>> = {
  "all is as clients were told": right,
  "an acknowledged update is undone, and the record is as it was": right.map((row) => (row[0] === "a" ? ["a", "1", 5] : row)),
  "an acknowledged count is undone, and the record is as it was": right.map((row) => (row[0] === "b" ? ["b", "1", 5] : row)),
  "an acknowledged deletion is undone, and the record is as it was": [...right, ["c", "1", 5]],
  "an acknowledged insert is gone": right.filter(([key]) => key !== "n"),
  "a record that nobody touched is gone": right.filter(([key]) => key !== "u7"),
  "a record that nobody touched is another": right.map((row) => (row[0] === "u7" ? ["u7", "w", 10] : row)),
  "a record that nobody touched has its value no more": right.map((row) => (row[0] === "u7" ? ["u7", null, 10] : row)),
  "a record that nobody touched is there twice": [...right, ["u7", "v", 10]],
  "a record that nobody touched is there again, otherwise": [...right, ["u7", "w", 11]],
  "a record that nobody inserted": [...right, ["x", "v", 0]],
  "everything is as it was": before,
  "nothing is there": [],
};

/** Leaves of the dump only what differs, as whoever looks at the system writes it. */
async function shorten(run: string): Promise<{ readonly gone: number; readonly changed: number }> {
  const read = async (path: string) => zstdDecompressSync(await readFile(join(run, path)));
  const [old, now] = [await read(dumpFile("before", "item")), await read(dumpFile("after", "item"))];
  const from = afterHeader(old);
  const same = new SameRecords(old, from);
  same.take(now.subarray(from));
  const { gone, changed } = same.end();
  await writeFile(join(run, dumpFile("after", "item")), zstdCompressSync(Buffer.concat([old.subarray(0, from), ...changed])));
  await writeFile(join(run, goneFile("item")), zstdCompressSync(Buffer.concat([old.subarray(0, from), ...gone])));
  await say(run, { records: recordsOf(old) ?? -1, gone: gone.length, changed: changed.length });
  return { gone: gone.length, changed: changed.length };
}

async function say(run: string, since: object): Promise<void> {
  await mkdir(join(run, "after"), { recursive: true });
  const facts = JSON.parse(await readFile(join(run, "after/entities.json"), "utf8")) as object;
  await writeFile(join(run, "after/entities.json"), JSON.stringify({ ...facts, since: { item: since } }));
}

describe("a dump that says only what differs", () => {
  test.for(Object.entries(AFTER))("is judged as the whole one: %s", async ([, after]) => {
    await using folder = await temporaryFolder();
    const [whole, short] = [record(join(folder.path, "whole"), { before, after, ops }), record(join(folder.path, "short"), { before, after, ops })];
    const differs = await shorten(short);
    expect(differs.gone + differs.changed).toBeLessThan(after === AFTER["nothing is there"] ? 24 : 9);
    const card = { ...(await judge(whole)), run: "" };
    expect({ ...(await judge(short)), run: "" }, "line by line").toEqual(card);
    await packDumps(short, "before", ITEM);
    expect({ ...(await judge(short)), run: "" }, "with the records of before packed").toEqual(card);
    await using looked = await EvidenceDatabase.open(short, ITEM);
    await using told = await EvidenceDatabase.open(whole, ITEM);
    const rows = (of: EvidenceDatabase) => of.rows("select * from after_item order by all");
    expect(await rows(looked)).toEqual(await rows(told));
    await packRun(short, ITEM);
    expect({ ...(await judge(short)), run: "" }, "packed").toEqual(card);
    expect((await readdir(join(short, "after"))).filter((file) => /entity|gone/.test(file)), "packed it is whole").toEqual(["entity-item.0.parquet"]);
  });

  test("is completed in buckets as well", async () => {
    await using folder = await temporaryFolder();
    const after = AFTER["a record that nobody touched is another"] as History["after"];
    const run = record(join(folder.path, "run"), { before, after, ops });
    const card = await judge(run);
    await shorten(run);
    await packRun(run, ITEM, { bucket: 7, part: 10, smallBytes: 0 });
    expect(await judge(run)).toEqual(card);
  });

  test.for<[string, (run: string) => Promise<void>]>([
    ["records of before are missing", (run) => rm(join(run, dumpFile("before", "item")))],
    ["more were counted before", (run) => say(run, { records: 24, gone: 3, changed: 3 })],
    ["more were counted to be gone", (run) => say(run, { records: 23, gone: 4, changed: 3 })],
    ["fewer were counted to be new", (run) => say(run, { records: 23, gone: 3, changed: 2 })],
    ["what is gone was never there", (run) => writeFile(join(run, goneFile("item")), zstdCompressSync("key,value,stock\na,1,5\nb,1,5\nz,1,5\n"))],
    ["one is gone twice", (run) => writeFile(join(run, goneFile("item")), zstdCompressSync("key,value,stock\na,1,5\nb,1,5\nb,1,5\n"))],
  ])("is not judged when %s", async ([, damage]) => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), { before, after: right, ops });
    expect(await shorten(run)).toEqual({ gone: 3, changed: 3 });
    await damage(run);
    await expect(judge(run)).rejects.toThrow(/says only what differs|as were counted/);
  });
});
