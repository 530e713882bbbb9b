// Integrity: which of the measured facts are problems, and new ones: each row by its identity, each object by its state.

import { literal } from "../evidence/duckdb.ts";
import type { InvariantFact, IntegrityFact } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";

/** What a fact of each kind is called when it is a problem. */
const NAMES: Readonly<Record<string, string>> = {
  orphans: "orphans", "check-violations": "check-violated", sequence: "stale-sequence", "invalid-index": "invalid-index",
  "corrupt-index": "corrupt-index", "corrupt-table": "corrupt-table", "exclusion-violations": "exclusion-violated", "null-values": "not-null-violated",
  "domain-violations": "domain-violated", "stale-generated": "generated-column-stale",
  duplicates: "unique-violated", "wrong-partition": "wrong-partition", "checksum-failures": "checksum-failure", "prepared-transaction": "prepared-transaction-left",
  "replication-slot": "replication-slot-left", "orphaned-files": "orphaned-files", "advisory-lock": "advisory-lock-left", "open-transaction": "open-transaction-left",
  unchecked: "unchecked",
};

/** What is lost when an object that could be used before can't be any more. */
const LOST: Readonly<Record<string, string>> = { "replication-slot": "replication-slot-lost", subscription: "subscription-disabled" };

const key = ({ kind, subject }: IntegrityFact): string => `${kind} ${subject}`;

/**
 * Problems that are there now and weren't before the migration. Two orphans cured and two others made are two: rows are told by their
 * keys where those are known, and only counted where there are too many. What can't be checked now isn't known, whatever was before.
 */
export function newProblems(before: readonly IntegrityFact[], after: readonly IntegrityFact[]): Finding[] {
  const was = new Map(before.map((fact) => [key(fact), fact]));
  return [
    ...after.flatMap((fact) => {
      const worse = fact.kind === "unchecked" ? { count: fact.count } : worsened(was.get(key(fact)), fact);
      return worse ? [finding(fact, { kind: NAMES[fact.kind] ?? fact.kind, ...worse })] : [];
    }),
    ...lostObjects(before, after),
  ];
}

/** What nobody looked at, for a harmless reason: a rule on the time, an operator class that can't be compared. One line a reason; no doubt. */
export function integrityWarnings(after: readonly IntegrityFact[]): Finding[] {
  const reasons = Map.groupBy(after.filter(({ kind }) => kind === "not-asked"), ({ detail }) => detail);
  return [...reasons].map(([detail, facts]): Finding => {
    const subjects = facts.map(({ subject }) => subject).toSorted();
    return {
      kind: "not-looked-at", subject: `${subjects.slice(0, 3).join(", ")}${subjects.length > 3 ? `, ... (${subjects.length})` : ""}`, detail: `not looked at: ${detail}`, count: subjects.length, examples: subjects.slice(0, 5),
      query: `select * from read_json('after/integrity.json') f where f.kind = 'not-asked' and f.detail = ${literal(detail)}`,
    };
  });
}

type Worse = { readonly count: number; readonly kind?: string; readonly detail?: string };

function worsened(was: IntegrityFact | undefined, is: IntegrityFact): Worse | undefined {
  if (is.keys && was?.keys) {
    const known = new Set(was.keys);
    const fresh = is.keys.filter((one) => !known.has(one));
    if (fresh.length > 0) return { count: fresh.length, detail: `${is.detail}${was.count > 0 ? `; ${fresh.length} of them ${fresh.length === 1 ? "was" : "were"} not there before` : ""}` };
  }
  if (is.count > (was?.count ?? 0)) return { count: is.count - (is.keys ? (was?.count ?? 0) : 0) };
  const setBack = was && setBackBy(was, is);
  return setBack ? { count: 1, kind: "stale-sequence", detail: `the next value was ${was.state?.["next"]} before the migration, and is ${is.state?.["next"]}: values are given out again` } : undefined;
}

/** Only where no column tells by its own values whether the next ones are free. */
function setBackBy(was: IntegrityFact, is: IntegrityFact): boolean {
  const [old, now] = [was.state, is.state];
  if (is.kind !== "sequence" || !old || !now || old["cycles"] || now["cycles"] || now["direct"] || old["step"] !== now["step"]) return false;
  const [from, to] = [BigInt(String(old["next"])), BigInt(String(now["next"]))];
  return BigInt(String(now["step"])) > 0n ? to < from : to > from;
}

/** Slots and subscriptions that are gone, or in a worse state than before. */
function lostObjects(before: readonly IntegrityFact[], after: readonly IntegrityFact[]): Finding[] {
  const now = new Map(after.map((fact) => [key(fact), fact]));
  return before.flatMap((was) => {
    const kind = LOST[was.kind];
    const harm = Number(was.state?.["harm"] ?? 2);
    if (kind === undefined || harm >= 2) return [];
    const is = now.get(key(was));
    if (!is) return was.kind === "replication-slot" ? [finding(was, { kind, detail: `it was there before the migration (${was.detail}) and is gone`, count: 1, when: "before" })] : [];
    return Number(is.state?.["harm"] ?? 0) > harm ? [finding(is, { kind, detail: `before the migration: ${was.detail}; now: ${is.detail}`, count: 1 })] : [];
  });
}

function finding(fact: IntegrityFact, { kind, detail = fact.detail, count, when = "after" }: { readonly kind: string; readonly detail?: string; readonly count: number; readonly when?: "before" | "after" }): Finding {
  return {
    kind, subject: fact.subject, detail, count, examples: (fact.keys ?? []).slice(0, 5),
    query: `select * from read_json('${when}/integrity.json') f where f.kind = ${literal(fact.kind)} and f.subject = ${literal(fact.subject)}`,
  };
}

/** Rules that hold no more, though they held before. */
export function brokenInvariants(before: readonly InvariantFact[], after: readonly InvariantFact[]): Finding[] {
  const was = new Map(before.map((fact) => [fact.name, fact]));
  return after
    .filter((fact) => fact.violations > (was.get(fact.name)?.violations ?? 0) || (fact.error !== undefined && was.get(fact.name)?.error === undefined))
    .map((fact) => ({
      kind: "invariant-violated", subject: fact.name, count: fact.violations, examples: fact.examples, query: `select * from read_json('after/invariants.json') i where i.name = ${literal(fact.name)}`,
      detail: fact.error === undefined ? `${fact.violations} ${fact.violations === 1 ? "violation" : "violations"}` : `its query fails now: ${fact.error}`,
    }));
}
