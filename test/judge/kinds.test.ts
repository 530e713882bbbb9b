// Every kind of finding has words: what it means for people, and what to do about it.

import { describe, expect, test } from "vitest";
import { INTEGRITY_KINDS } from "../../harness/evidence/forms/facts.ts";
import { adviceOn, wordsFor } from "../../harness/judge/advice.ts";
import { newProblems } from "../../harness/judge/integrity.ts";
import { CYCLES, DIRECT, ORDERS } from "../../harness/judge/isolation/model.ts";
import { FATES, FINDING_KINDS, type FindingKind } from "../../harness/judge/kinds.ts";
import type { Finding, ObjectiveResult } from "../../harness/judge/scorecard.ts";
import { MORE_QUERIES } from "../../harness/observe/fingerprint/more-queries.ts";
import { CATALOGUES } from "../../harness/observe/fingerprint/query.ts";

/** All kinds of objects that the fingerprint has. */
const OBJECTS = [...CATALOGUES.map(({ kind }) => kind), ...Object.keys(MORE_QUERIES), "unreadable"];
/** All that the judge can tell: the named ones, each fate of each kind of object, each anomaly. */
const ALL: readonly FindingKind[] = [
  ...FINDING_KINDS, ...OBJECTS.flatMap((object) => FATES.map((fate) => `${object}-${fate}` as const)),
  ...DIRECT.map((type) => `isolation-${type}` as const), ...CYCLES.flatMap((cycle) => ORDERS.map((order) => `isolation-${cycle}${order}` as const)),
];
const without = (kinds: readonly string[]) => kinds.filter((kind) => (wordsFor(kind) ?? []).slice(1).filter((text) => String(text).length > 20).length < 2);

const finding = (kind: FindingKind, more: Partial<Finding> = {}): Finding => ({ kind, subject: "$& {n} it", detail: "as found", count: 3, examples: [], query: "", ...more });
const missed = (kind: string): ObjectiveResult => ({ name: "loss", title: "", target: {}, measured: { value: 3, plusMinus: 0, unit: "count" }, verdict: "missed", reason: "", evidence: [kind] });
const advice = (one: Finding) => adviceOn([missed(one.kind)], [one]);

describe("words", () => {
  test("are there for each kind, and none is told by another's place alone", () => {
    expect(ALL.length).toBeGreaterThan(150);
    expect(without(ALL)).toEqual([]);
    for (const kind of ALL) expect(advice(finding(kind))).toMatchObject({ kind, consequence: expect.not.stringMatching(/\{(on|kind)\}/), advice: expect.stringMatching(/\.$/) });
  });

  test("are missed where a kind has none", () => {
    expect(without(["nonsense", "write-lost", "trigger-broken", "toString", "constructor"])).toEqual(["nonsense", "trigger-broken", "toString", "constructor"]);
  });

  test("are of the kinds that integrity facts become", () => {
    for (const kind of INTEGRITY_KINDS) {
      const problems = newProblems([], [{ kind, subject: "s", count: 1, detail: "", query: "" }]);
      expect(problems).toHaveLength(1);
      expect(FINDING_KINDS, kind).toContain(problems[0]?.kind);
    }
  });

  test("name the fields where values are others", () => {
    for (const kind of ["altered-write", "unread-values-changed"] as const) expect(advice(finding(kind, { fields: ["fee", "note"] }))?.consequence).toContain("it (fee, note)");
    expect(advice(finding("altered-write", { count: 2, ofRowsBefore: 2, fields: ["fee"] }))?.consequence).toContain("it (fee)");
  });

  test("tell apart what clients wrote and what was there before", () => {
    expect(advice(finding("write-lost"))?.consequence).toBe("What clients were told was saved is gone from $& {n} it: 3 acknowledged writes.");
    expect(advice(finding("write-lost", { ofRowsBefore: 1 }))?.consequence).toContain("2 acknowledged writes and 1 row that was there before");
    expect(advice(finding("write-lost", { ofRowsBefore: 3 }))?.consequence).toBe("Rows that were there before the migration are gone from $& {n} it: 3 rows that were there before.");
  });
});
