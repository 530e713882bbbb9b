// Appends to lists: what was acknowledged is in the final list, and nothing else.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record } from "./history.ts";

type Append = readonly [key: number, element: number, outcome?: "committed" | "rejected" | "indeterminate"];
type Lists = readonly (readonly [key: string, list: string | null])[];

/** Judges a run whose transactions append one element each. Arrays are printed as PostgreSQL does, unless they are given as JSON. */
async function judged({ before, after, appends, declared = true }: { readonly before: Lists; readonly after: Lists; readonly appends: readonly Append[]; readonly declared?: boolean }) {
  await using folder = await temporaryFolder();
  record(folder.path, { silent: true, before: [], after: [], ops: appends.map(([, , outcome = "committed"], i) => ({ at: i * 10, outcome })) });
  const file = (name: string) => join(folder.path, name);
  const header = JSON.parse(readFileSync(file("drill.json"), "utf8")) as { system: { entities: object[] } };
  header.system.entities = header.system.entities.map((entity) => ({ ...entity, counters: [], ...(declared && { list: "value" }) }));
  writeFileSync(file("drill.json"), JSON.stringify(header));
  for (const [when, rows] of [["before", before], ["after", declared ? after : before]] as const) {
    writeFileSync(file(`${when}/entity-item.csv.zst`), zstdCompressSync(`key,value\n${rows.map(([key, list]) => `${key},${list === null ? "" : `"${list}"`}\n`).join("")}`));
  }
  const lines = readFileSync(file("ledger/intents.ndjson"), "utf8").trim().split("\n").map((line, i) => ({ ...(JSON.parse(line) as object), mops: [["r", appends[i]?.[0]], ["append", appends[i]?.[0], appends[i]?.[1]]] }));
  writeFileSync(file("ledger/intents.ndjson"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return await judge(folder.path);
}
const kinds = async (history: Parameters<typeof judged>[0]) => (await judged(history)).findings.map(({ kind, count }) => `${kind} ${count}`);
const empty: Lists = [["1", "{}"], ["2", "{}"]];

test.for([
  ["every one is there", empty, [["1", "{10,11}"], ["2", "{12}"]], [[1, 10], [1, 11], [2, 12]]],
  ["those that were there before are", [["1", "{7}"], ["2", null]], [["1", "{7,10}"], ["2", null]], [[1, 10]]],
  ["a list in JSON", [["1", "[]"]], [["1", "[10, 11]"]], [[1, 10], [1, 11]]],
  ["a rejected one is not there", empty, [["1", "{10}"], ["2", "{}"]], [[1, 10], [1, 11, "rejected"]]],
  ["one in doubt is there", empty, [["1", "{10}"], ["2", "{}"]], [[1, 10, "indeterminate"]]],
  ["one in doubt is not there", empty, empty, [[1, 10, "indeterminate"]]],
] as const)("ok: %s", async ([, before, after, appends]) => {
  const card = await judged({ before, after, appends });
  expect(card.findings).toEqual([]);
  expect(card.verdict).toBe("met");
});

test.for([
  ["an acknowledged one is gone", empty, [["1", "{10}"], ["2", "{}"]], [[1, 10], [1, 11], [2, 12]], ["write-lost 2"]],
  ["the list is gone with its record", empty, [["1", "{10}"]], [[1, 10], [2, 12]], ["write-lost 2"]],
  ["one that was there before is gone", [["1", "{7,8}"]], [["1", "{7}"]], [[1, 10, "rejected"]], ["write-lost 1"]],
  ["a list is null", [["1", "{7}"]], [["1", null]], [[1, 10, "rejected"]], ["write-lost 1"]],
  ["one stands twice", empty, [["1", "{10,10}"], ["2", "{}"]], [[1, 10]], ["duplicate-write 1"]],
  ["a rejected one is there", empty, [["1", "{10}"], ["2", "{}"]], [[1, 10, "rejected"]], ["phantom-write 1"]],
  ["nobody appended it", empty, [["1", "{10,99}"], ["2", "{}"]], [[1, 10]], ["phantom-write 1"]],
  ["it is in another list", empty, [["1", "{}"], ["2", "{10}"]], [[1, 10]], ["write-lost 1", "phantom-write 1"]],
  ["a part of its number is there", empty, [["1", "{110}"], ["2", "{}"]], [[1, 10], [1, 110]], ["write-lost 1"]],
] as const)("bad: %s", async ([, before, after, appends, expected]) => {
  expect(await kinds({ before, after, appends })).toEqual(expected);
});

test("examples name the list, the transaction and the element", async () => {
  const card = await judged({ before: empty, after: empty, appends: [[1, 10]] });
  expect(card.findings[0]?.examples).toEqual([expect.objectContaining({ key: "1", seq: "1", expected: "10" })]);
  expect(card.measures.lostWrites).toEqual({ definite: 1, possible: 1, ofRowsBefore: 0 });
  expect(card.verdict).toBe("missed");
});

test("appends to lists that no entity reads are not known to be there", async () => {
  const card = await judged({ before: empty, after: empty, appends: [[1, 10]], declared: false });
  expect(card.verdict).toBe("unknown");
  expect(card.doubts.join()).toContain("1 acknowledged append to lists can't be checked");
});
