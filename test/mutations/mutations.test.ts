// The generator itself: the same seed gives the same, and its figures are counted rightly.

import { expect, test } from "vitest";
import { CHANGES, HARMS, NOOPS } from "./changes.ts";
import { KNOWN } from "./known.ts";
import { generateSchema } from "./schema.ts";
import { drawn } from "./session.ts";
import { outcomeOf, renderFigures, tally, wilson } from "./tally.ts";

const card = { findings: [], warnings: [], doubts: [] };

test("there are several hundred kinds of changes, each with a name of its own", () => {
  expect(HARMS.length).toBeGreaterThan(450);
  expect(NOOPS.length).toBeGreaterThan(80);
  const names = CHANGES.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect([...KNOWN.keys()].filter((name) => !names.includes(name))).toEqual([]);
});

test("one seed gives one schema, another seed another one", () => {
  expect(generateSchema(3, 18)).toEqual(generateSchema(3, 18));
  expect(generateSchema(3, 18).sql).not.toEqual(generateSchema(4, 18).sql);
});

test("an older server's schema leaves out what only 18 knows", () => {
  const all = [1, 2, 3, 4, 5, 6].flatMap((seed) => generateSchema(seed, 15).sql).join("\n");
  expect(all).not.toMatch(/without overlaps|not enforced| virtual/);
});

test("a series makes every kind once before it makes one again", () => {
  expect(new Set(CHANGES.map((_, number) => drawn(CHANGES, 7, number).change)).size).toBe(CHANGES.length);
  expect(drawn(CHANGES, 7, 5)).toEqual(drawn(CHANGES, 7, 5));
});

test("an interval holds the share, and is not empty where nothing was missed", () => {
  const [low, high] = wilson(50, 50);
  expect(low).toBeCloseTo(0.9287, 3);
  expect(high).toBeCloseTo(1, 9);
  expect(wilson(0, 0)).toEqual([0, 1]);
});

test("data that the scorecard names as not looked at is told apart from data that it passed over", () => {
  const coverage = { notLookedAt: [{ table: "gen.summary", reason: "a materialized view" }], columns: { all: 1, byEntities: 0, byChecksum: 0 }, tables: { all: 1, byChecksum: 0 }, sentence: "" };
  const changed = { by: "data", what: "other rows", subject: "gen.summary" } as const;
  expect(outcomeOf([changed], { ...card, coverage })).toBe("named");
  expect(outcomeOf([changed], card)).toBe("missed");
  expect(outcomeOf([changed, { by: "catalogue", what: "+ a row" }], { ...card, coverage })).toBe("missed");
});

test("a doubt alone is told, and no reason for it is a false alarm", () => {
  expect(outcomeOf([{ by: "pg_dump", what: "+ a statement" }], { ...card, doubts: ["something failed"] })).toBe("told");
  expect(outcomeOf([], { ...card, doubts: ["something failed"] })).toBe("false alarm");
});

test("the figures count what was told, missed and accused", () => {
  const entries = [{ object: "sequence", noop: false, outcome: "missed" }, { object: "table", noop: true, outcome: "false alarm" }, { object: "table", noop: false, outcome: "found" }] as const;
  const text = renderFigures({ seed: 1, server: 18, kinds: 3, dumped: false, ...tally(entries) });
  expect(text).toContain("| sequence | 0 of 1 (0.0 to 79.3 %) | 1 | 0 | 0 | 0 | - |");
  expect(text).toContain("| table | 1 of 1 (20.7 to 100.0 %) | 0 | 1 | 0 | 0 | 1 of 1 (20.7 to 100.0 %) |");
  expect(text).toContain("1 of 1 (20.7 to 100.0 %) accused");
});
