// Mutated evidence: whatever became of one of its files, a run is judged, or refused with the file's name; never a crash, a hang, or met.

import { afterAll, beforeAll, expect, test } from "vitest";
import fc from "fast-check";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicMs } from "../../harness/base/clock.ts";
import { HarnessError } from "../../harness/base/errors.ts";
import { filesBelow, sha256 } from "../../harness/base/files.ts";
import { judgeAsSealed } from "../../harness/cli/sealed.ts";
import { packRun } from "../../harness/evidence/pack.ts";
import { sealRun, verifySeal } from "../../harness/evidence/seal.ts";
import { judge } from "../../harness/judge/judge.ts";
import { scorecardForm } from "../../harness/evidence/forms/scorecard.ts";
import { temporaryFolder } from "../support/drills.ts";
import { add, insert, record, remove, update, type History } from "../judge/history.ts";
import { mutate, mutation, RUNS, SEED } from "./mutate.ts";

const SLOW_MS = 20_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let runs: readonly { readonly at: string; readonly files: readonly string[] }[] = [];

const column = (name: string, read: boolean) => ({ name, type: "text", read, checksum: read ? null : "17" });
const UNREAD = [{ database: "", name: "items", full: "public.items", quoted: "only public.items", rows: 2, checksum: "5", columns: [column("key", true), column("note", false)], entities: ["item"], leaveOut: [], key: ["key"], cascades: [], triggers: [{ on: "public.items", does: ["insert"] }] }];
const FACTS = {
  structure: [{ kind: "relation", name: "public.items", detail: { owner: "shop", columns: [{ name: "key", type: "text" }] } }, { kind: "index", name: "public.items_pkey", detail: { definition: "create unique index" } }],
  invariants: [{ name: "stock is not negative", query: "select 1 where false", violations: 0, examples: [] }],
  integrity: [{ kind: "orphans", subject: "items", count: 0, detail: "0 rows", query: "select 1", keys: [] }, { kind: "sequence", subject: "s", count: 0, detail: "", query: "", state: { next: "5", step: "1" } }],
  "planner-statistics": [{ table: "public.items", columns: 3, reltuples: 1 }], unread: UNREAD,
  activity: [{ database: "", table: "public.items", inserted: 3, updated: 1, deleted: 0, lockstep: [{ source: "public.items", each: 1, transactions: 30 }] }],
  sample: [{ database: "", table: "public.items", key: ["a"], xmin: "7", digests: { note: "3" } }],
};
const HISTORY: History = {
  before: [["a", "x", 3], ["b", "y"]], after: [["a", "z", 5], ["c", "new"]],
  ops: [{ at: 1_000, effects: [update("a", "z")] }, { at: 1_500, effects: [add("a", 2)] }, { at: 2_000, effects: [insert("c", "new")] }, { at: 2_500, effects: [remove("b")] }, { at: 3_000, outcome: "rejected", code: "40001", error: "no", effects: [update("a", "q")] }, { at: 4_000, outcome: "indeterminate", effects: [] }],
  probes: Array.from({ length: 20 }, (_, i) => ({ at: i * 400, took: 3 })), told: { at: 1_200, rows: [{ key: "a", held: { key: "a", value: "z", stock: "3" } }, { key: "q", held: null }] },
  facts: { before: FACTS, after: FACTS }, across: [{ name: "all", query: "select * from item where false" }],
  drill: { objectives: { recovery: { maxMs: 10_000 }, loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 }, availability: { min: 0.1 } } },
};

beforeAll(async () => {
  folder = await temporaryFolder();
  const made: { at: string; files: string[] }[] = [];
  for (const name of ["lines", "packed"]) {
    const at = record(join(folder.path, name), HISTORY);
    if (name === "packed") await packRun(at, [{ name: "item", key: "key" }]);
    const head = readFileSync(join(at, "timeline.jsonl"), "utf8").trimEnd().split("\n").map((line) => sha256(line)).at(-1) ?? "";
    await sealRun(at, head);
    made.push({ at, files: await filesBelow(at) });
  }
  runs = made;
});
afterAll(async () => { await folder[Symbol.asyncDispose](); });

let serial = 0;

async function outcome(run: string, file: string, bytes: Buffer): Promise<"judged" | "refused"> {
  const copy = join(folder.path, `copy-${(serial += 1)}`);
  cpSync(run, copy, { recursive: true });
  const same = readFileSync(join(copy, file)).equals(bytes);
  mkdirSync(join(copy, file, ".."), { recursive: true });
  writeFileSync(join(copy, file), bytes);
  try {
    const { breaches } = await verifySeal(copy);
    expect(breaches.length > 0, `${file} was changed, and the seal says nothing`).toBe(!same);
    if (!same) expect((await sealedVerdict(copy, breaches)), `${file} was changed`).not.toBe("met");
    const card = await judge(copy);
    expect(scorecardForm.safeParse(JSON.parse(JSON.stringify(card))).error).toBeUndefined();
    return "judged";
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    expect(error.exitCode).toBeGreaterThanOrEqual(2);
    expect(`${error.place ?? ""} ${error.message}`).not.toBe(" ");
    expect(error.message.length).toBeLessThan(5_000);
    return "refused";
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const sealedVerdict = (copy: string, breaches: Parameters<typeof judgeAsSealed>[1]) => judgeAsSealed(copy, breaches).then(({ verdict }) => verdict, (error: unknown) => {
  if (error instanceof HarnessError) return "refused";
  throw error;
});

test("the runs that are mutated are whole, and met or missed for a reason", async () => {
  for (const { at } of runs) expect((await judge(at)).doubts).toEqual([]);
});

test("a run with a mutated file is judged or refused, is never met as it was sealed, and takes no time", async () => {
  const seen = { judged: 0, refused: 0 };
  await fc.assert(fc.asyncProperty(fc.nat(), fc.nat(), fc.array(mutation, { minLength: 1, maxLength: 3 }), async (which, what, changes) => {
    const run = runs[which % runs.length];
    const file = run?.files[what % run.files.length];
    if (!run || file === undefined) throw new Error("there is nothing to mutate");
    const from = monotonicMs();
    seen[await outcome(run.at, file, mutate(readFileSync(join(run.at, file)), changes))] += 1;
    expect(monotonicMs() - from, file).toBeLessThan(SLOW_MS);
  }), { seed: SEED, numRuns: RUNS || 60, endOnFailure: true });
  expect(seen.judged).toBeGreaterThan(2); // most are refused by the seal
  expect(seen.refused).toBeGreaterThan(5);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}, 3_600_000);
