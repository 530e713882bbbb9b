// Every planted defect is found and named, and nothing else is; no benign difference is reported.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../harness/base/files.ts";
import { ask } from "../../harness/judge/ask.ts";
import { cases, Corpus } from "./corpus.ts";
import { caseLine } from "./document.ts";
import { verdictOn } from "./verdict.ts";

let corpus: Corpus;
beforeAll(async () => { corpus = await Corpus.open(); });
afterAll(async () => { await corpus[Symbol.asyncDispose](); });
const shared = { meta: { sharesServices: true } };

describe("the corpus of harm", () => {
  test.for(cases("defects").map((entry) => [`${entry.system}/${entry.name}: ${entry.defect}`, entry] as const))("%s", shared, async ([, entry]) => {
    const { card, directory } = await corpus.judge(entry);
    const { named, surplus } = verdictOn(entry, card);
    const all = card.findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`);
    expect(named, all.join("\n")).toBe(true);
    expect(surplus, all.join("\n")).toEqual([]);
    expect(card.verdict).not.toBe("met");
    const answers = await ask(directory, card.findings.map(({ query }) => query));
    card.findings.forEach(({ kind, subject, query }, i) => expect(answers[i]?.length, `${kind} ${subject}: ${query}`).toBeGreaterThan(0));
  });
});

describe("benign differences", () => {
  test.for(cases("benign").map((entry) => [`${entry.system}/${entry.name}: ${entry.benign}`, entry] as const))("%s", shared, async ([, entry]) => {
    const { card } = await corpus.judge(entry);
    expect(card.findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`)).toEqual([]);
    expect(card.doubts).toEqual([]);
  });
});

test("the corpus is as large as it says", () => {
  expect(cases("defects").length).toBeGreaterThanOrEqual(100);
  expect(cases("benign").length).toBeGreaterThanOrEqual(30);
  expect(cases("defects").every(({ defect, finding }) => defect && finding)).toBe(true);
});

test("the documentation lists every case", () => {
  const text = readFileSync(join(ROOT, "test/corpus/README.md"), "utf8");
  const lines = (["defects", "benign"] as const).flatMap((of) => cases(of).map((entry) => caseLine({ of, entry })));
  expect(lines.filter((line) => !text.includes(line)), "npm run bench:corpus writes it anew").toEqual([]);
});
