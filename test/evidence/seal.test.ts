// The seal finds any change, and the judgement repeats itself.

import { appendFile, cp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256 } from "../../harness/base/files.ts";
import { sealRun, verifySeal } from "../../harness/evidence/seal.ts";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, update } from "../judge/history.ts";

async function sealed(path: string): Promise<string> {
  const run = record(join(path, "run"), { before: [["a", "1"]], after: [["a", "2"], ["b", "1"]], ops: [{ at: 0, effects: [update("a", "2")] }, { at: 10, effects: [insert("b", "1")] }] });
  const lines = (await readFile(join(run, "timeline.jsonl"), "utf8")).trimEnd().split("\n");
  await sealRun(run, sha256(lines.at(-1) ?? ""));
  return run;
}

describe("the seal", () => {
  test("an untouched run is intact", async () => {
    await using folder = await temporaryFolder();
    expect(await verifySeal(await sealed(folder.path))).toEqual([]);
  });

  test("any one changed byte is found, in whatever file, and named", async () => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path);
    const files = (await readdir(run, { recursive: true, withFileTypes: true })).filter((e) => e.isFile() && e.name !== "seal.json").map((e) => join(e.parentPath, e.name));
    await fc.assert(fc.asyncProperty(fc.nat(files.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (index, at, xor) => {
      const file = files[index]!;
      const whole = await readFile(file);
      if (whole.length === 0) return;
      const changed = Buffer.from(whole);
      changed[at % whole.length]! ^= xor;
      await writeFile(file, changed);
      const breaches = await verifySeal(run);
      await writeFile(file, whole);
      expect(breaches.map((breach) => join(run, breach.file))).toContain(file);
    }), { numRuns: 60 });
  });

  test("an added file, a removed file and a missing seal are found", async () => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path);
    await writeFile(join(run, "extra.txt"), "x");
    expect(await verifySeal(run)).toEqual([{ file: "extra.txt", what: "added since the seal" }]);
    await rm(join(run, "extra.txt"));
    await rm(join(run, "after/structure.json"));
    expect(await verifySeal(run)).toEqual([{ file: "after/structure.json", what: "removed since the seal" }]);
    await rm(join(run, "seal.json"));
    expect((await verifySeal(run))[0]?.what).toContain("there is no seal");
  });

  test.for([
    ["a removed line", (lines: string[]) => lines.toSpliced(2, 1), 3],
    ["two lines in another order", (lines: string[]) => lines.toSpliced(1, 2, lines[2]!, lines[1]!), 2],
    ["the last line cut off", (lines: string[]) => lines.slice(0, -1), 5],
  ] as const)("%s of the timeline is found with its place, even if the seal's digests were forged", async ([, change, line]) => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path);
    const head = (JSON.parse(await readFile(join(run, "seal.json"), "utf8")) as { chainHead: string }).chainHead;
    const lines = (await readFile(join(run, "timeline.jsonl"), "utf8")).trimEnd().split("\n");
    await writeFile(join(run, "timeline.jsonl"), `${change(lines).join("\n")}\n`);
    await sealRun(run, head);
    expect(await verifySeal(run)).toEqual([expect.objectContaining({ file: "timeline.jsonl", line })]);
  });

  test("an appended line breaks the chain", async () => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path);
    await appendFile(join(run, "timeline.jsonl"), '{"t":1,"kind":"run","state":"completed","prev":"00"}\n');
    expect((await verifySeal(run)).map(({ what }) => what).join()).toContain("the chain breaks");
  });
});

test("a judgement repeats itself byte for byte, also from another place", async () => {
  await using folder = await temporaryFolder();
  const run = await sealed(folder.path);
  const first = JSON.stringify(await judge(run));
  await cp(run, join(folder.path, "elsewhere"), { recursive: true });
  expect(JSON.stringify(await judge(run))).toBe(first);
  expect(JSON.stringify(await judge(join(folder.path, "elsewhere")))).toBe(first);
});
