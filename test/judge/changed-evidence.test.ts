// Evidence that was changed: whatever is done to a run's files, it is never a crash, and never met.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HarnessError } from "../../harness/base/errors.ts";
import { filesBelow, sha256 } from "../../harness/base/files.ts";
import { seededRandom } from "../../harness/base/random.ts";
import { judgeAsSealed } from "../../harness/cli/sealed.ts";
import { sealRun, verifySeal } from "../../harness/evidence/seal.ts";
import { judge } from "../../harness/judge/judge.ts";
import { readRun } from "../../harness/judge/run-record.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, update, type History } from "./history.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let [met, missed] = ["", ""];
const FACTS = {
  structure: [{ kind: "relation", name: "public.items", detail: { owner: "shop", options: null, parents: [] } }], invariants: [{ name: "stock is not negative", query: "select 1 where false", violations: 0, examples: [] }],
  integrity: [{ kind: "orphans", subject: "items", count: 0, detail: "0 rows", query: "select 1" }], "planner-statistics": [{ table: "public.items", columns: 3, reltuples: 1 }],
};
const HISTORY: History = {
  before: [["a", "x"]], after: [["a", "y"]], ops: [{ at: 1_000, effects: [update("a", "y")] }], facts: { before: FACTS, after: FACTS },
  drill: { objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } } },
};
const BROKEN = { ...FACTS, integrity: [{ ...FACTS.integrity[0], count: 1 }] };

beforeAll(async () => {
  folder = await temporaryFolder();
  met = record(join(folder.path, "met"), HISTORY);
  missed = record(join(folder.path, "missed"), { ...HISTORY, facts: { before: FACTS, after: BROKEN } });
  for (const run of [met, missed]) await sealRun(run, (await readFile(join(run, "timeline.jsonl"), "utf8")).trimEnd().split("\n").map((line) => sha256(line)).at(-1) ?? "");
});
afterAll(async () => { await folder[Symbol.asyncDispose](); });

let serial = 0;
async function changed<T>(run: string, file: string, text: string | Buffer | undefined, look: (copy: string) => Promise<T>): Promise<T> {
  const copy = join(folder.path, `copy-${(serial += 1)}`);
  await cp(run, copy, { recursive: true });
  await mkdir(join(copy, file, ".."), { recursive: true });
  if (text === undefined) await rm(join(copy, file));
  else await writeFile(join(copy, file), text);
  try {
    return await look(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}

const judged = (copy: string) => verifySeal(copy).then(async ({ breaches }) => (await judgeAsSealed(copy, breaches)).verdict);
/** What came of it; anything thrown that is not the harness's own error, with a place and a remedy, fails the test. */
async function outcome(work: Promise<unknown>, what: string): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw new Error(`${what} ended in ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
    expect([error.place, error.remedy, error.exitCode].every(Boolean), what).toBe(true);
    return error.code;
  }
}

const VALUES = [null, [], [[[]]], {}, 0, -1, 1e999, 0.5, "NaN", "", true, "x"];
type Random = () => number;
const pick = <T>(random: Random, from: readonly T[]) => from[Math.floor(random() * from.length)] as T;

/** One of: cut, a value replaced, a key removed, a line told twice. */
function mutated(text: string, lines: boolean, random: Random): string {
  const way = Math.floor(random() * 5);
  if (way === 0) return text.slice(0, Math.floor(random() * text.length));
  const parts = lines ? text.trimEnd().split("\n") : [text];
  const at = Math.floor(random() * parts.length);
  if (way === 1 && lines) return `${parts.toSpliced(at, 0, parts[at] ?? "").join("\n")}\n`;
  const data: unknown = JSON.parse(parts[at] ?? "null");
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) { places.push([value as Record<string, unknown>, key]); walk((value as Record<string, unknown>)[key]); }
  };
  walk(data);
  if (places.length === 0) return `${JSON.stringify(pick(random, VALUES))}\n`;
  const [holder, key] = pick(random, places);
  if (way === 2) Reflect.deleteProperty(holder, key);
  else holder[key] = pick(random, VALUES);
  return `${parts.with(at, JSON.stringify(data)).join("\n")}\n`;
}

const READ = ["drill.json", "timeline.jsonl", ...["before", "after"].flatMap((when) => ["structure", "entities", "invariants", "integrity"].map((name) => `${when}/${name}.json`))];

describe("a run that was changed after it was sealed", () => {
  test("is met or missed as long as nothing was changed", async () => {
    expect([await judged(met), await judged(missed)]).toEqual(["met", "missed"]);
    expect(JSON.stringify(await judgeAsSealed(met, []))).toBe(JSON.stringify(await judge(met)));
  });

  test.each(READ)("is read or refused in words, 200 times otherwise: %s", async (file) => {
    const random = seededRandom(7);
    const text = await readFile(join(met, file), "utf8");
    const seen = new Set<unknown>();
    for (let i = 0; i < 200; i++) {
      const other = mutated(text, file.endsWith("l"), random);
      seen.add(await changed(met, file, other, (copy) => outcome(readRun(copy).then(() => "read"), `${file}: ${other}`)));
    }
    expect(seen).toContain("evidence-malformed");
  });

  test("is never met and never a crash, whichever file was changed, removed or added", { timeout: 300_000 }, async () => {
    const random = seededRandom(21);
    for (const run of [met, missed]) {
      for (const file of await filesBelow(run)) {
        const bytes = await readFile(join(run, file));
        const texts = /json|jsonl|ndjson$/.test(file) && bytes.length > 0 ? [1, 2].map(() => mutated(bytes.toString(), /l$|nd/.test(file), random)) : [bytes.subarray(0, bytes.length - 1), "x"];
        for (const text of [undefined, ...texts]) {
          if (text !== undefined && Buffer.from(text).equals(bytes)) continue;
          const verdict = await changed(run, file, text, (copy) => outcome(judged(copy), `${file}: ${String(text)}`));
          expect(verdict, `${file}: ${String(text)}`).not.toBe("met");
        }
      }
      expect(await changed(run, "after/more.json", "[]", judged)).not.toBe("met");
    }
  });
});

describe("evidence that is not in its form", () => {
  test.each([
    ["after/invariants.json", "[[[]]]"], ["after/integrity.json", `[{"kind":"orphans","subject":"a","count":"many","detail":"","query":""}]`], ["after/structure.json", "{}"], ["after/entities.json", "[]"],
    ["after/invariants.json", `[{"name":"a","query":"","violations":null,"examples":[]}]`], ["checks/journeys.json", "[{}]"], ["reference/structure.json", "null"], ["after/planner-statistics.json", "7"],
    ["drill.json", "{}"], ["timeline.jsonl", `{"kind":"run"}\n`], ["timeline.jsonl", `{"kind":"volume","t":1,"state":"swapped","detail":"","bytes":"7"}\n`], ["timeline.jsonl", `{"kind":\n{"kind":"run","t":1,"state":"started"}\n`],
  ])("is named and never judged, sealed or not: %s %s", async (file, text) => {
    const error: unknown = await changed(met, file, text, (copy) => judge(copy).catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ code: "evidence-malformed", exitCode: 2, message: expect.stringContaining(file) as string, remedy: expect.stringContaining("turnback verify") as string });
  });

  test("is silent about fields and events that a later version adds", async () => {
    const events = await readFile(join(met, "timeline.jsonl"), "utf8");
    expect(await changed(met, "timeline.jsonl", `${events}{"kind":"news","t":9600000000,"prev":""}\n`, async (copy) => (await judge(copy)).verdict)).toBe("met");
    expect(await changed(met, "after/integrity.json", JSON.stringify([{ ...FACTS.integrity[0], identity: ["a"] }]), async (copy) => (await judge(copy)).verdict)).toBe("met");
  });

  test.each(["before/invariants.json", "after/integrity.json", "after/structure.json", "after/entities.json"])("is unknown where only %s is missing, and says so", async (file) => {
    const card = await changed(met, file, undefined, (copy) => judge(copy));
    expect(card.verdict).toBe("unknown");
    expect(card.doubts.join()).toContain(`the run has no ${file}`);
  });
});
