// What of the measured facts is a new problem: rows by their identity, objects by their state, and what nobody looked at.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { integrityWarnings, newProblems } from "../../harness/judge/integrity.ts";
import type { IntegrityFact } from "../../harness/judge/run-record.ts";

const fact = (kind: IntegrityFact["kind"], more: Partial<IntegrityFact> = {}): IntegrityFact => ({ kind, subject: "it", count: 0, detail: "as found", query: "", ...more });
const kinds = (before: IntegrityFact, after?: IntegrityFact) => newProblems([before], after ? [after] : []).map(({ kind, count }) => [kind, count]);

test("two orphans cured and two others made are two", () => {
  const before = fact("orphans", { count: 3, keys: ["1", "2", "3"] });
  expect(kinds(before, fact("orphans", { count: 3, keys: ["3", "8", "9"] }))).toEqual([["orphans", 2]]);
  expect(kinds(before, fact("orphans", { count: 2, keys: ["1", "3"] }))).toEqual([]);
  expect(kinds(before, before)).toEqual([]);
});

test("where a fact says that its keys are digests, they are compared as such, also with fewer rows than before", () => {
  const keys = Array.from({ length: 1_500 }, (_, i) => String(i));
  const digest = (one: string) => createHash("md5").update(one).digest("hex").slice(0, 12);
  const many = (of: readonly string[]) => fact("orphans", { count: of.length, ...(of.length > 1_000 ? { keys: of.map(digest), digested: true } : { keys: of }) });
  const told = fact("orphans", { count: 2, keys: keys.slice(0, 2).map(digest), digested: true });
  expect(kinds(told, fact("orphans", { count: 2, keys: keys.slice(0, 2) }))).toEqual([]);
  expect(kinds({ ...told, digested: false }, fact("orphans", { count: 2, keys: keys.slice(0, 2) }))).toEqual([["orphans", 2]]);
  expect(kinds(many(keys), many(keys.slice(0, 1_200)))).toEqual([]);
  expect(kinds(many(keys), many(keys.slice(0, 900)))).toEqual([]);
  expect(kinds(many(keys), many([...keys.slice(2), "a", "b"]))).toEqual([["orphans", 2]]);
  expect(kinds(many(keys), many([...keys.slice(0, 10), "a"]))).toEqual([["orphans", 1]]);
  expect(kinds(many(keys.slice(0, 900)), many(keys))).toEqual([["orphans", 600]]);
});

test("a slot that is gone, lost or about to be is a finding; one that was lost before is not, and one that recovers isn't either", () => {
  const slot = (harm: number) => fact("replication-slot", { count: 1, state: { harm } });
  expect(kinds(slot(0))).toEqual([["replication-slot-lost", 1]]);
  expect(kinds(slot(0), slot(2))).toEqual([["replication-slot-lost", 1]]);
  expect(kinds(slot(1), slot(2))).toEqual([["replication-slot-lost", 1]]);
  expect(kinds(slot(0), slot(1))).toEqual([["replication-slot-lost", 1]]);
  expect(kinds(slot(2), slot(2))).toEqual([]);
  expect(kinds(slot(2))).toEqual([]);
  expect(kinds(slot(1), slot(0))).toEqual([]);
});

test("a slot whose consumer was sent nothing of what it stands behind is lost; one that was followed by, or whose counters began anew in a crash, is not known to be", () => {
  const slot = (at: number | null, sent: number | null, counted = "2026-01-01", is = "logical") => fact("replication-slot", { count: 1, state: { harm: 0, is, at: at === null ? null : String(at), sent: sent === null ? null : String(sent), counted } });
  for (const now of [slot(200, 7), slot(200, 0), slot(100, 7, undefined, "physical")]) expect(kinds(slot(100, 7), now)).toEqual([["replication-slot-lost", 1]]);
  for (const now of [slot(100, 7), slot(200, 8), slot(200, 0, "2026-02-02"), slot(50, 7), slot(200, null), slot(null, null)]) expect(kinds(slot(100, 7), now)).toEqual([]);
});

test("a subscription that is off now is a finding; one that was off, or is on now, is not", () => {
  const subscription = (harm: number) => fact("subscription", { state: { harm } });
  expect(kinds(subscription(0), subscription(2))).toEqual([["subscription-disabled", 1]]);
  expect(kinds(subscription(2), subscription(2))).toEqual([]);
  expect(kinds(subscription(2), subscription(0))).toEqual([]);
});

test("a sequence that no column judges is not set back, up or down; further on, around, or judged by a column, it is fine", () => {
  const at = (next: string, more: Record<string, string | boolean> = {}) => fact("sequence", { state: { next, step: "1", cycles: false, direct: false, ...more } });
  expect(kinds(at("500"), at("200"))).toEqual([["sequence-repeats", 1]]);
  expect(kinds(at("-500", { step: "-1" }), at("-200", { step: "-1" }))).toEqual([["sequence-repeats", 1]]);
  expect(kinds(at("9223372036854775806"), at("9223372036854775805"))).toEqual([["sequence-repeats", 1]]);
  for (const after of [at("500"), at("501"), at("200", { cycles: true }), at("200", { direct: true })]) expect(kinds(at("500"), after)).toEqual([]);
});

test("a sequence behind a column that refuses nothing twice is told as what it does: numbers are there twice, silently", () => {
  const behind = (unique: boolean) => fact("sequence", { count: 3, state: { next: "1", step: "1", cycles: false, direct: true, unique } });
  expect(newProblems([], [behind(false)]).map(({ kind, count }) => [kind, count])).toEqual([["sequence-repeats", 3]]);
  expect(newProblems([], [behind(true)]).map(({ kind, count }) => [kind, count])).toEqual([["stale-sequence", 3]]);
  expect(kinds(behind(false), behind(false))).toEqual([]);
});

test("what can't be checked after the way back is not known, whatever was before", () => {
  expect(kinds(fact("unchecked", { count: 1 }), fact("unchecked", { count: 1 }))).toEqual([["unchecked", 1]]);
  expect(kinds(fact("unchecked", { count: 1 }))).toEqual([]);
});

test("what need not be asked is worth knowing, one line a reason, and no problem", () => {
  const notAsked = (subject: string, detail: string) => fact("not-asked", { subject, detail });
  const facts = [notAsked("b", "the time"), notAsked("a", "the time"), notAsked("c", "no operator")];
  expect(newProblems([], facts)).toEqual([]);
  expect(integrityWarnings(facts).map(({ kind, subject, count }) => [kind, subject, count])).toEqual([["not-looked-at", "a, b", 2], ["not-looked-at", "c", 1]]);
});
