// The seal finds any change, and the judgement repeats itself.

import { execFile } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { appendFile, cp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ROOT, sha256 } from "../../harness/base/files.ts";
import { sealRun, verifySeal } from "../../harness/evidence/seal.ts";
import { readKey } from "../../harness/evidence/signature.ts";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, update } from "../judge/history.ts";

async function sealed(path: string, key?: KeyObject): Promise<string> {
  const run = record(join(path, "run"), { before: [["a", "1"]], after: [["a", "2"], ["b", "1"]], ops: [{ at: 0, effects: [update("a", "2")] }, { at: 10, effects: [insert("b", "1")] }] });
  const lines = (await readFile(join(run, "timeline.jsonl"), "utf8")).trimEnd().split("\n");
  await sealRun(run, sha256(lines.at(-1) ?? ""), key);
  return run;
}

/** Every file of the run, the seal too. */
async function filesOf(run: string): Promise<string[]> {
  return (await readdir(run, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}

type Change = { readonly name: string; readonly apply: (whole: Buffer, a: number, b: number) => Buffer };
const byLines = (change: (lines: string[], a: number, b: number) => string[]) => (whole: Buffer, a: number, b: number): Buffer => {
  const lines = whole.toString("latin1").split("\n");
  return Buffer.from(change(lines, a % lines.length, b % lines.length).join("\n"), "latin1");
};
const CHANGES: readonly Change[] = [
  { name: "a changed byte", apply: (whole, a, b) => { const copy = Buffer.from(whole); if (copy.length > 0) copy[a % copy.length]! ^= (b % 255) + 1; return copy; } },
  { name: "an added byte", apply: (whole, a, b) => { const at = a % (whole.length + 1); return Buffer.concat([whole.subarray(0, at), Buffer.from([b % 256]), whole.subarray(at)]); } },
  { name: "a removed byte", apply: (whole, a) => { const at = a % Math.max(1, whole.length); return Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)]); } },
  { name: "an added line", apply: byLines((lines, a, b) => lines.toSpliced(a, 0, lines[b]!)) },
  { name: "a removed line", apply: byLines((lines, a) => lines.toSpliced(a, 1)) },
  { name: "two lines in another order", apply: byLines((lines, a, b) => lines.with(a, lines[b]!).with(b, lines[a]!)) },
  { name: "an emptied file", apply: () => Buffer.alloc(0) },
];

describe("the seal", () => {
  test("an untouched run is intact", async () => {
    await using folder = await temporaryFolder();
    expect(await verifySeal(await sealed(folder.path))).toEqual({ breaches: [] });
  });

  test.for([["an unsigned", false], ["a signed", true]] as const)("any one change of a byte or line, in any file of %s run and in the seal itself, is found and its file named", { timeout: 60_000 }, async ([, signed]) => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path, signed ? generateKeyPairSync("ed25519").privateKey : undefined);
    const files = await filesOf(run);
    await fc.assert(fc.asyncProperty(fc.nat(files.length - 1), fc.constantFrom(...CHANGES), fc.nat(), fc.nat(), async (index, change, a, b) => {
      const file = files[index]!;
      const whole = await readFile(file);
      const changed = change.apply(whole, a, b);
      if (changed.equals(whole)) return;
      await writeFile(file, changed);
      const { breaches } = await verifySeal(run);
      await writeFile(file, whole);
      // A change of the seal may show as a file that isn't what the seal says.
      if (file.endsWith("seal.json")) expect(breaches).not.toEqual([]);
      else expect(breaches.map((breach) => join(run, breach.file)), change.name).toContain(file);
    }), { numRuns: 400 });
    expect((await verifySeal(run)).breaches).toEqual([]);
  });

  test("two lines of the seal in another order are found, whichever they are: its files stand in one order", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path);
    const seal = join(run, "seal.json");
    const lines = (await readFile(seal, "utf8")).split("\n");
    const pairs = lines.flatMap((one, a) => lines.slice(a + 1).map((other, later) => ({ a, b: a + 1 + later, same: one === other })).filter(({ same }) => !same));
    expect(pairs.length).toBeGreaterThan(100);
    for (const { a, b } of pairs) {
      await writeFile(seal, lines.with(a, lines[b]!).with(b, lines[a]!).join("\n"));
      expect((await verifySeal(run)).breaches, `lines ${a + 1} and ${b + 1}`).not.toEqual([]);
    }
  });

  test("the place of a change in a long file is told by its lines", async () => {
    await using folder = await temporaryFolder();
    const run = record(join(folder.path, "run"), { before: [], after: [], ops: Array.from({ length: 400 }, (_, i) => ({ at: i, effects: [insert(`k${i}`, "1")] })) });
    await sealRun(run, "");
    const file = join(run, "ledger/intents.ndjson");
    const lines = (await readFile(file, "utf8")).split("\n");
    for (const at of [0, 17, 200, 399]) {
      await writeFile(file, lines.with(at, lines[at]!.replace('"insert"', '"update"')).join("\n"));
      const breach = (await verifySeal(run)).breaches.find((entry) => entry.file.includes("intents"));
      const [, from, to] = /between lines (\d+) and (\d+); its length is the same/.exec(breach?.what ?? "") ?? [];
      expect(Number(from)).toBeLessThanOrEqual(at + 1);
      expect(Number(to)).toBeGreaterThanOrEqual(at + 1);
      expect(Number(to) - Number(from)).toBeLessThan(40);
      expect(breach?.line).toBe(Number(from));
    }
  });

  test("an added file, a removed file, a link and a missing seal are found", async () => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path);
    await writeFile(join(run, "extra.txt"), "x");
    expect((await verifySeal(run)).breaches).toEqual([{ file: "extra.txt", what: "added since the seal" }]);
    await rm(join(run, "extra.txt"));
    await symlink("/etc/hostname", join(run, "ledger/link"));
    expect((await verifySeal(run)).breaches).toEqual([{ file: "ledger/link", what: "is a link: a run holds plain files alone, and what is behind it was not read" }]);
    await rm(join(run, "ledger/link"));
    await rm(join(run, "after/structure.json"));
    expect((await verifySeal(run)).breaches).toEqual([{ file: "after/structure.json", what: "removed since the seal" }]);
    await rm(join(run, "seal.json"));
    expect((await verifySeal(run)).breaches[0]?.what).toContain("there is no seal");
  });

  test.for([
    ["a removed line", (lines: string[]) => lines.toSpliced(2, 1), 3],
    ["two lines in another order", (lines: string[]) => lines.toSpliced(1, 2, lines[2]!, lines[1]!), 2],
    ["the last line cut off", (lines: string[]) => lines.slice(0, -1), 8],
    ["an appended line", (lines: string[]) => [...lines, '{"t":1,"kind":"run","state":"completed","prev":"00"}'], 10],
  ] as const)("%s of the timeline is found with its place, even if the seal's digests were forged", async ([, change, line]) => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path);
    const head = (JSON.parse(await readFile(join(run, "seal.json"), "utf8")) as { chainHead: string }).chainHead;
    const lines = (await readFile(join(run, "timeline.jsonl"), "utf8")).trimEnd().split("\n");
    await writeFile(join(run, "timeline.jsonl"), `${change(lines).join("\n")}\n`);
    await sealRun(run, head);
    expect((await verifySeal(run)).breaches).toEqual([expect.objectContaining({ file: "timeline.jsonl", line })]);
  });
});

describe("the signature", () => {
  const ours = generateKeyPairSync("ed25519");
  const theirs = generateKeyPairSync("ed25519");

  test("shows whose seal it is", async () => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path, ours.privateKey);
    const { breaches, signedBy } = await verifySeal(run, ours.publicKey);
    expect(breaches).toEqual([]);
    expect(signedBy).toMatch(/^[0-9a-f]{16}$/);
    expect((await verifySeal(run, theirs.publicKey)).breaches[0]?.what).toContain("signed by another key");
  });

  test("a run that was changed and sealed anew is told from the signed one", async () => {
    await using folder = await temporaryFolder();
    const run = await sealed(folder.path, ours.privateKey);
    const { chainHead } = JSON.parse(await readFile(join(run, "seal.json"), "utf8")) as { chainHead: string };
    await appendFile(join(run, "ledger/outcomes.ndjson"), "{}\n");
    await sealRun(run, chainHead);
    expect((await verifySeal(run)).breaches).toEqual([]); // without a key nobody can tell
    expect((await verifySeal(run, ours.publicKey)).breaches).toEqual([{ file: "seal.json", what: "the seal is not signed" }]);
    await sealRun(run, chainHead, theirs.privateKey);
    expect((await verifySeal(run, ours.publicKey)).breaches[0]?.what).toContain("signed by another key");
  });

  test("a key of another kind, or none, is refused with the remedy", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "key.pem");
    await writeFile(file, generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" }));
    await expect(readKey(file, "private")).rejects.toMatchObject({ exitCode: 3, remedy: expect.stringContaining("genpkey") as string });
    await expect(readKey(join(folder.path, "none.pem"), "public")).rejects.toMatchObject({ exitCode: 3 });
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

test("a judgement is the same in a process without any network, byte for byte", async ({ skip }) => {
  const run = promisify(execFile);
  const lonely = ["--net", "--map-root-user"];
  const possible = await run("unshare", [...lonely, "true"]).then(() => true, () => false);
  skip(!possible, "this machine lets nobody make a network namespace");
  await using folder = await temporaryFolder();
  const directory = await sealed(folder.path);
  const judgeIn = (command: string, args: readonly string[]) => run(command, [...args, process.execPath, join(ROOT, "harness/cli/turnback.ts"), "judge", directory, "--json"])
    .then(({ stdout }) => stdout, (error: { stdout: string }) => error.stdout);
  const alone = await judgeIn("unshare", lonely);
  expect((JSON.parse(alone) as { schema: string }).schema).toBe("turnback.scorecard/1");
  expect(await judgeIn("env", [])).toBe(alone);
  // The namespace is really without a way out.
  await expect(run("unshare", [...lonely, process.execPath, "-e", "require('node:net').connect(80, '192.0.2.1').on('error', (e) => { console.error(e.code); process.exit(7); })"])).rejects.toMatchObject({ code: 7, stderr: expect.stringContaining("ENETUNREACH") as string });
}, 60_000);
