// The corpus as tests: every planted defect is found and named, and nothing else is; no benign difference is reported.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../harness/judge/ask.ts";
import { cases, Corpus, type Case } from "./corpus.ts";
import { verdictOn } from "./verdict.ts";

/** Tests the cases of some of its systems; all share one server. */
export function testCorpus(of: "defects" | "benign", takes: (entry: Case) => boolean): void {
  let corpus: Corpus;
  const shared = { meta: { sharesServices: true } };
  const chosen = cases(of).filter(takes);

  describe(of === "defects" ? "the corpus of harm" : "benign differences", () => {
    beforeAll(async () => { corpus = await Corpus.open(); });
    afterAll(async () => { await corpus[Symbol.asyncDispose](); });
    const named = chosen.map((entry) => [`${entry.system}/${entry.name}: ${entry.defect ?? entry.benign}`, entry] as const);

    if (of === "benign") test.for(named)("%s", shared, async ([, entry]) => {
      const { card } = await corpus.judge(entry);
      expect(card.findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`)).toEqual([]);
      expect(card.doubts).toEqual([]);
      // A column that was written anew has no statistics until it is analysed: said each time, and true.
      expect(card.warnings.filter(({ kind }) => kind !== "planner-statistics-gone").map(({ kind, subject }) => ({ kind, subject }))).toEqual(entry.warning ? [entry.warning] : []);
    });
    else test.for(named)("%s", shared, async ([, entry]) => {
      const { card, directory } = await corpus.judge(entry);
      const { named: found, surplus } = verdictOn(entry, card);
      const all = card.findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`);
      expect(found, all.join("\n")).toBe(true);
      expect(surplus, all.join("\n")).toEqual([]);
      expect(card.verdict).not.toBe("met");
      const answers = await ask(directory, card.findings.map(({ query }) => query));
      card.findings.forEach(({ kind, subject, query }, i) => expect(answers[i]?.length, `${kind} ${subject}: ${query}`).toBeGreaterThan(0));
    });
  });
}
