// Rules between records of several databases, and keys by which these know each other, on recorded histories.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireAskable } from "../../harness/evidence/across.ts";
import { packDumps } from "../../harness/evidence/pack.ts";
import { ask } from "../../harness/judge/ask.ts";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, update, type History } from "./history.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => { folder = await temporaryFolder(); });
afterAll(async () => { await folder[Symbol.asyncDispose](); });

let serial = 0;
const recorded = (history: Partial<History>) => record(`${folder.path}/${(serial += 1)}`, { before: [], after: [], ops: [], drill: { objectives: { invariants: { maxViolated: 0 }, consistency: {} } }, ...history });
const RULE = [{ name: "a value is that of some key", query: "select key, value from item where value not in (select key from item)" }];

describe("rules across databases", () => {
  test("that hold before and after are no finding", async () => {
    const card = await judge(recorded({ across: RULE, before: [["a", "b"], ["b", "a"]], after: [["a", "b"], ["b", "a"]] }));
    expect(card.measures.invariantsViolated).toBe(0);
    expect(card.verdict).toBe("met");
  });

  test("are asked of the fresh system before the load: one that can't be is an error of the declaration", async () => {
    const history = { before: [["a", "b"], ["b", "a"]], after: [] } as const;
    const systems = (query: string) => [{ name: "orders", entities: [{ name: "item", key: "key", before: "", after: "", counters: [], references: [], derived: false }], across: [{ name: "of some key", query }] }];
    const right = RULE[0]?.query ?? "";
    const packed = recorded(history);
    await packDumps(packed, "before", [{ name: "item", key: "key" }]);
    for (const directory of [recorded(history), packed]) {
      await expect(requireAskable(directory, systems(right))).resolves.toBeUndefined();
      await expect(requireAskable(directory, systems("select key from item"))).resolves.toBeUndefined(); // broken, and that is known
      await expect(requireAskable(directory, systems("select nothing from item"))).rejects.toMatchObject({
        code: "across-query-failed", kind: "declaration", exitCode: 3, place: "system orders, across of some key, before", message: expect.stringContaining('"nothing"') as string,
      });
      await expect(requireAskable(directory, systems("select * from invoice"))).rejects.toMatchObject({ code: "across-query-failed" });
    }
  });

  test("that hold no more are violated, with examples and a query that shows them", async () => {
    const directory = recorded({ across: RULE, before: [["a", "b"], ["b", "a"]], after: [["a", "b"], ["b", "gone"]], ops: [{ at: 1_000, effects: [update("b", "gone")] }] });
    const card = await judge(directory);
    expect(card.verdict).toBe("missed");
    const [finding] = card.findings;
    expect(finding).toMatchObject({ kind: "invariant-violated", subject: "a value is that of some key", count: 1, examples: [{ key: "b", value: "gone" }] });
    expect((await ask(directory, [finding?.query]))[0]).toEqual([{ key: "b", value: "gone" }]);
  });

  test("that were broken before, to the same extent, are not blamed on the way back", async () => {
    const rows = [["a", "nowhere"]] as const;
    expect((await judge(recorded({ across: RULE, before: rows, after: rows }))).measures.invariantsViolated).toBe(0);
  });

  test("that could never be asked are not known, and are not held against a run that asks for no rules", async () => {
    const across = [{ name: "a typing error", query: "select nothing from nowhere" }];
    const rows = { across, before: [["a", "b"]], after: [["a", "b"]] } as const;
    const card = await judge(recorded(rows));
    expect([card.verdict, card.measures.invariantsViolated]).toEqual(["unknown", 0]);
    expect(card.doubts.join()).toContain("\"a typing error\" could be asked neither before nor after");
    expect((await judge(recorded({ ...rows, drill: { objectives: { consistency: {} } } }))).verdict).toBe("met");
  });

  test("that can't be asked any more are violated, and never taken to hold", async () => {
    const failed = [{ entity: "item", error: "column \"value\" does not exist" }];
    const card = await judge(recorded({ across: RULE, before: [["a", "a"]], after: [["a", "a"]], facts: { after: { entities: { entities: ["item"], failed } } } }));
    expect(card.findings).toEqual(expect.arrayContaining([expect.objectContaining({ kind: "invariant-violated", detail: expect.stringContaining("its query fails now") as string })]));
    expect(card.measures.lostWrites).toBeNull();
  });
});

describe("a key by which others know a record", () => {
  const rows = { before: [["a", "17"]], after: [["a", "5000017"]] } as const;
  const consistency = async (history: Partial<History>) => (await judge(recorded({ ...rows, ...history }))).measures.alteredWrites;

  test("is another one in another shape, and that is no change of the record", async () => {
    expect(await consistency({ references: ["value"], facts: { after: { entities: { entities: ["item"], shapes: { item: "after" }, failed: [] } } } })).toBe(0);
  });

  test("must be the same in the same shape, and any other field in each", async () => {
    expect(await consistency({ references: ["value"], facts: { after: { entities: { entities: ["item"], shapes: { item: "before" }, failed: [] } } } })).toBe(1);
    expect(await consistency({ facts: { after: { entities: { entities: ["item"], shapes: { item: "after" }, failed: [] } } } })).toBe(1);
  });

  test("is not compared either where the old shape's query failed and the new one's was asked", async () => {
    const failed = [{ entity: "item", error: "column \"id\" does not exist" }];
    const card = await judge(recorded({ ...rows, references: ["value"], facts: { after: { entities: { entities: ["item"], shapes: { item: "after" }, failed } } } }));
    expect(card.measures.alteredWrites).toBe(0);
    expect(card.findings).toEqual([expect.objectContaining({ kind: "entity-unreadable", detail: expect.stringContaining("it was read in the new shape") as string })]);
  });
});
