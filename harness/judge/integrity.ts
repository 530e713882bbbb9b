// Integrity: which of the measured facts are problems, and new ones: each row by its identity, each object by its state.

import { literal } from "../evidence/duckdb.ts";
import type { IntegrityKind } from "../evidence/forms/facts.ts";
import { freshKeys } from "../evidence/row-keys.ts";
import type { NamedKind } from "./kinds.ts";
import type { InvariantFact, IntegrityFact } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";

/** What a fact of each kind is called when it is a problem. */
const NAMES: Readonly<Record<IntegrityKind, NamedKind>> = {
  orphans: "orphans", "check-violations": "check-violated", sequence: "stale-sequence", "invalid-index": "invalid-index",
  "corrupt-index": "corrupt-index", "corrupt-table": "corrupt-table", "exclusion-violations": "exclusion-violated", "null-values": "not-null-violated",
  "domain-violations": "domain-violated", "stale-generated": "generated-column-stale",
  duplicates: "unique-violated", "wrong-partition": "wrong-partition", "checksum-failures": "checksum-failure", "prepared-transaction": "prepared-transaction-left",
  "replication-slot": "replication-slot-left", "orphaned-files": "orphaned-files", "advisory-lock": "advisory-lock-left", "open-transaction": "open-transaction-left",
  "sequence-exhausted": "sequence-exhausted", subscription: "subscription-disabled", "replica-missing": "replica-missing", "replica-timeline": "replica-timeline",
  "replica-behind": "replica-behind", "replica-diverged": "replica-diverged", unchecked: "unchecked", "not-asked": "not-looked-at",
};

/** What is lost when an object that could be used before can't be any more. */
const LOST: Readonly<Partial<Record<IntegrityKind, NamedKind>>> = { "replication-slot": "replication-slot-lost", subscription: "subscription-disabled" };

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
      return worse ? [finding(fact, { kind: fact.kind === "sequence" && fact.state?.["unique"] === false ? "sequence-repeats" : NAMES[fact.kind], ...worse })] : [];
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

type Worse = { readonly count: number; readonly kind?: NamedKind; readonly detail?: string };

function worsened(was: IntegrityFact | undefined, is: IntegrityFact): Worse | undefined {
  const fresh = (was && freshKeys(was, is)) ?? [];
  if (fresh.length > 0) return { count: fresh.length, detail: `${is.detail}${was && was.count > 0 ? `; ${fresh.length} of them ${fresh.length === 1 ? "was" : "were"} not there before` : ""}` };
  if (is.count > (was?.count ?? 0)) return { count: is.count - (is.keys ? (was?.count ?? 0) : 0) };
  const setBack = was && setBackBy(was, is);
  return setBack ? { count: 1, kind: is.state?.["unique"] === true ? "stale-sequence" : "sequence-repeats", detail: `the next value was ${was.state?.["next"]} before the migration, and is ${is.state?.["next"]}: values are given out again${is.state?.["unique"] === true ? "" : ", and no unique key is known that refuses them"}` } : undefined;
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
    const another = anotherSlot(was, is);
    if (another !== undefined) return [finding(is, { kind, detail: another, count: 1 })];
    return Number(is.state?.["harm"] ?? 0) > harm ? [finding(is, { kind, detail: `before the migration: ${was.detail}; now: ${is.detail}`, count: 1 })] : [];
  });
}

/** Why a slot of the same name is not the one that was followed by; undefined when it is, or nobody knows. */
function anotherSlot({ state: was = {} }: IntegrityFact, { state: now = {} }: IntegrityFact): string | undefined {
  if (was["is"] != null && now["is"] != null && was["is"] !== now["is"]) return `before the migration: ${was["is"]}; now: ${now["is"]}`;
  if (was["at"] == null || now["at"] == null || was["sent"] == null || now["sent"] == null || was["counted"] !== now["counted"]) return undefined;
  if (BigInt(now["sent"]) > BigInt(was["sent"])) return undefined;
  const passed = BigInt(now["at"]) - BigInt(was["at"]);
  return passed > 0n ? `it was moved on or made again: its consumer was sent nothing of the last ${passed.toLocaleString("en-US")} bytes of WAL that it stands behind` : undefined;
}

function finding(fact: IntegrityFact, { kind, detail = fact.detail, count, when = "after" }: { readonly kind: NamedKind; readonly detail?: string; readonly count: number; readonly when?: "before" | "after" }): Finding {
  return {
    kind, subject: fact.subject, detail, count, examples: (fact.keys ?? []).slice(0, 5),
    query: `select * from read_json('${when}/integrity.json') f where f.kind = ${literal(fact.kind)} and f.subject = ${literal(fact.subject)}`,
  };
}

/** What became of rules: those that hold no more, those of which nobody knows, and those that were broken before to the same extent. */
export type Rules = { readonly findings: readonly Finding[]; readonly unsure: readonly string[]; readonly warnings: readonly Finding[] };
type Asked = Pick<InvariantFact, "name" | "query" | "violations" | "examples" | "error">;

/** One rule before and after. What failed to be asked before says nothing of now. */
export function judgeRule(was: Asked | undefined, is: Asked | undefined, where = ""): Rules {
  const none: Rules = { findings: [], unsure: [], warnings: [] };
  const name = (is ?? was)?.name ?? "";
  if (!is) return { ...none, unsure: [`the rule "${name}" was not asked after the way back`] };
  const finding = { subject: name, count: is.violations, examples: is.examples, query: is.query };
  const violations = `${is.violations} ${is.violations === 1 ? "violation" : "violations"}${where}`;
  if (is.error !== undefined && was?.error !== undefined) return { ...none, unsure: [`the rule "${name}" could be asked neither before nor after: its query fails: ${is.error}`] };
  if (is.error !== undefined) return { ...none, findings: [{ ...finding, kind: "invariant-violated", detail: `its query fails now: ${is.error}` }] };
  if (was?.error !== undefined) return { ...none, unsure: [`the rule "${name}" could not be asked before, so nobody knows whether it held: its query failed: ${was.error}`] };
  if (is.violations > (was?.violations ?? 0)) return { ...none, findings: [{ ...finding, kind: "invariant-violated", detail: violations }] };
  return is.violations === 0 ? none : { ...none, warnings: [{ ...finding, kind: "invariant-broken-before", detail: `it was broken before: ${was?.violations ?? 0} then, ${violations} now` }] };
}

export function allRules(rules: readonly Rules[]): Rules {
  return { findings: rules.flatMap(({ findings }) => findings), unsure: rules.flatMap(({ unsure }) => unsure), warnings: rules.flatMap(({ warnings }) => warnings) };
}

/** The system's own rules, of all that were asked at either moment. */
export function judgeInvariants(before: readonly InvariantFact[], after: readonly InvariantFact[]): Rules {
  const asked = (facts: readonly InvariantFact[]) => new Map(facts.map((fact) => [fact.name, { ...fact, query: `select * from read_json('after/invariants.json') i where i.name = ${literal(fact.name)}` }]));
  const [was, is] = [asked(before), asked(after)];
  return allRules([...new Set([...is.keys(), ...was.keys()])].map((name) => judgeRule(was.get(name), is.get(name))));
}
