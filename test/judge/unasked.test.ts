// Harm that no objective is about: found beside what is met, it makes the run unknown; what an objective allows, it allows.

import { describe, expect, test } from "vitest";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, update, type History } from "./history.ts";

const column = (name: string) => ({ kind: "column", name, detail: { table: "items", type: "text" } });
/** A customer's row has a value that nobody wrote, a column stays, a row points to nothing, and a rule is broken. */
const HARM: History = {
  before: [["a", "1"], ["b", "2"]], after: [["a", "x"], ["b", "3"]], ops: [{ at: 1_000, effects: [update("b", "3")] }],
  facts: {
    after: {
      structure: [column("items.spare")], integrity: [{ kind: "orphans", subject: "items: fk", count: 1, detail: "1 row", query: "select 1" }, { kind: "unchecked", subject: "items_idx", count: 1, detail: "too large", query: "select 1" }],
      invariants: [{ name: "no gaps", query: "select 1", violations: 1, examples: [] }],
    },
  },
};
const CLEAN: History = { before: [["a", "1"]], after: [["a", "1"], ["b", "2"]], ops: [{ at: 1_000, effects: [insert("b", "2")] }] };

const judged = async (history: History, objectives: NonNullable<NonNullable<History["drill"]>["objectives"]>) => {
  await using folder = await temporaryFolder();
  return await judge(record(folder.path, { ...history, drill: { objectives } }));
};
const RECOVERY = { recovery: { maxMs: 60_000 } };
const ALLOWED = { consistency: { maxAlteredWrites: 1 }, structure: { maxDifferences: 1 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 1 } };

describe("what was found", () => {
  test("makes the run unknown where no objective is about it, and the answer names it", async () => {
    const card = await judged(HARM, RECOVERY);
    expect(card).toMatchObject({ verdict: "unknown", summary: expect.stringMatching(/^We don't know: .*altered-write: item, column-left-over: items.spare, orphans: items: fk, invariant-violated: no gaps; no objective says/) as string });
    expect(card.objectives.find(({ name }) => name === "unasked")).toMatchObject({ verdict: "unknown", measured: { value: 4 }, evidence: ["altered-write", "column-left-over", "orphans", "invariant-violated"] });
    expect(card.score).toBeLessThan(80);
  });

  test.for([["consistency", "altered-write"], ["structure", "column-left-over"], ["invariants", "invariant-violated"]] as const)("is not asked for where %s alone is left out", async ([name, kind]) => {
    const card = await judged({ ...HARM, facts: { after: { ...HARM.facts?.after, integrity: [] } } }, { ...RECOVERY, ...ALLOWED, [name]: undefined });
    expect(card.objectives.filter(({ verdict, applies = true }) => applies && verdict !== "met")).toEqual([expect.objectContaining({ name: "unasked", evidence: [kind] })]);
  });

  test("stands beside what is missed anyway", async () => {
    const card = await judged(HARM, { consistency: {} });
    expect(card.verdict).toBe("missed");
    expect(card.objectives.map(({ name }) => name)).not.toContain("unasked");
  });

  test("is green within limits that somebody declared, and the answer says so", async () => {
    const allowed = { ...HARM, facts: { after: { structure: [column("items.spare")] } } };
    expect(await judged(allowed, { ...RECOVERY, consistency: { maxAlteredWrites: 1 }, structure: { maxDifferences: 1 } }))
      .toMatchObject({ verdict: "met", summary: expect.stringMatching(/^Yes, within the drill's limits: .* The drill allows what was found: altered-write: item, column-left-over: items.spare\.$/) as string });
  });

  test("nothing is asked of a run without harm", async () => {
    const card = await judged(CLEAN, RECOVERY);
    expect(card).toMatchObject({ verdict: "met", summary: expect.stringMatching(/^Yes: /) as string });
    expect(card.objectives.map(({ name }) => name)).not.toContain("unasked");
  });
});
