import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judge } from "../../../harness/judge/judge.ts";
import { ask } from "../../../harness/judge/ask.ts";
import { checkIsolation } from "../../../harness/judge/isolation/check.ts";
import { EvidenceDatabase } from "../../../harness/evidence/database.ts";
import { historyOfRun } from "../../../harness/judge/isolation/from-ledger.ts";
import { temporaryFolder } from "../../support/drills.ts";
import { record } from "../history.ts";

type Line = { readonly vu: number; readonly from: number; readonly to?: number; readonly mops: readonly unknown[]; readonly outcome?: string; readonly reads?: readonly (readonly number[])[] };

function write(folder: string, lines: readonly Line[]): void {
  mkdirSync(join(folder, "ledger"), { recursive: true });
  const intents = lines.map(({ vu, from, mops }, i) => `${JSON.stringify({ seq: i + 1, vu, op: "lists", intended: from, start: from, effects: [], mops })}\n`);
  const outcomes = lines.flatMap(({ to, outcome = "committed", reads }, i) => (to === undefined ? [] : [`${JSON.stringify({ seq: i + 1, acquired: 0, end: to, outcome, phase: "commit", code: "", ...(reads && { reads }) })}\n`]));
  writeFileSync(join(folder, "ledger/intents.ndjson"), intents.join(""));
  writeFileSync(join(folder, "ledger/outcomes.ndjson"), outcomes.join(""));
}

const SKEW: readonly Line[] = [
  { vu: 1, from: 0, to: 10, mops: [["append", 1, 1], ["append", 2, 1]] },
  { vu: 2, from: 0, to: 10, mops: [["r", 1], ["r", 2]], reads: [[1], []] },
  { vu: 3, from: 20, to: 30, mops: [["r", 2]], reads: [[1]] },
];

describe("a history from the ledger", () => {
  test("has the operations, the lists and the order of the run", async () => {
    await using folder = await temporaryFolder();
    write(folder.path, SKEW);
    await using database = await EvidenceDatabase.open(folder.path, []);
    const history = await historyOfRun(database);
    expect(history?.transactions).toBe(3);
    expect(history && [...checkIsolation(history, "serializable").counts.keys()]).toEqual(["G-single"]);
  });

  test("goes on as another process after a transaction in doubt, and takes one without an outcome for open", async () => {
    await using folder = await temporaryFolder();
    write(folder.path, [
      { vu: 1, from: 0, to: 10, outcome: "indeterminate", mops: [["append", 1, 1]] },
      { vu: 1, from: 20, to: 30, mops: [["r", 1]], reads: [[]] },
      { vu: 2, from: 40, to: 50, mops: [["r", 1]], reads: [[1]] },
      { vu: 1, from: 60, mops: [["append", 1, 2]] },
    ]);
    await using database = await EvidenceDatabase.open(folder.path, []);
    const history = await historyOfRun(database);
    if (!history) throw new Error("no history");
    const { valid, transactions } = checkIsolation(history, "strict-serializable");
    expect(valid).toBe(true); // the one in doubt may have taken effect late
    expect(transactions).toEqual({ ok: 2, fail: 0, info: 2 });
  });

  test("is undefined where the workload made no list transactions", async () => {
    await using folder = await temporaryFolder();
    await using database = await EvidenceDatabase.open(record(join(folder.path, "run"), { before: [], after: [], ops: [{ at: 0 }] }), []);
    expect(await historyOfRun(database)).toBeUndefined();
  });
});

describe("the objective", () => {
  const judged = async (lines: readonly Line[] | undefined, model: "serializable" | "read-committed") => {
    const folder = await temporaryFolder();
    record(folder.path, { before: [], after: [], ops: [], drill: { objectives: { isolation: { model } } } });
    if (lines) write(folder.path, lines);
    const card = await judge(folder.path);
    const answers = await ask(folder.path, card.findings.map(({ query }) => query));
    await folder[Symbol.asyncDispose]();
    return { objective: card.objectives.find(({ name }) => name === "isolation"), card, answers };
  };

  test("is missed with a finding whose query shows the transactions", async () => {
    const { objective, card, answers } = await judged(SKEW, "serializable");
    expect(objective).toMatchObject({ verdict: "missed", evidence: ["isolation-G-single"] });
    expect(card.findings.map(({ kind }) => kind)).toEqual(["isolation-G-single"]);
    expect(answers[0]?.map(({ seq }) => Number(seq))).toEqual([1, 2]);
    expect(card.score).toBeLessThan(50);
  });

  test("is met by a model that allows it", async () => {
    expect((await judged(SKEW, "read-committed")).objective).toMatchObject({ verdict: "met" });
  });

  test("is unknown without list transactions, and when they show nothing", async () => {
    expect((await judged(undefined, "serializable")).objective).toMatchObject({ verdict: "unknown" });
    expect((await judged([{ vu: 1, from: 0, to: 1, mops: [["append", 1, 1]] }], "serializable")).objective).toMatchObject({ verdict: "unknown" });
  });
});
