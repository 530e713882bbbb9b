// Integrity: which of the measured facts are problems, and new ones.

import { literal } from "../evidence/duckdb.ts";
import type { InvariantFact, IntegrityFact } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";

/** What a fact of each kind is called when it is a problem. */
const NAMES: Readonly<Record<string, string>> = {
  orphans: "orphans", "check-violations": "check-violated", sequence: "stale-sequence", "invalid-index": "invalid-index",
  "corrupt-index": "corrupt-index", "corrupt-table": "corrupt-table",
  duplicates: "unique-violated", "wrong-partition": "wrong-partition", "checksum-failures": "checksum-failure", "prepared-transaction": "prepared-transaction-left",
  "replication-slot": "replication-slot-left", "orphaned-files": "orphaned-files", "advisory-lock": "advisory-lock-left", "open-transaction": "open-transaction-left",
  unchecked: "unchecked",
};

/** Problems that are there now and weren't, to the same extent, before the migration. */
export function newProblems(before: readonly IntegrityFact[], after: readonly IntegrityFact[]): Finding[] {
  const extent = new Map(before.map((fact) => [`${fact.kind} ${fact.subject}`, fact.count]));
  return after
    .filter((fact) => fact.count > (extent.get(`${fact.kind} ${fact.subject}`) ?? 0))
    .map((fact) => ({
      kind: NAMES[fact.kind] ?? fact.kind, subject: fact.subject, detail: fact.detail, count: fact.count, examples: [],
      query: `select * from read_json('after/integrity.json') f where f.kind = ${literal(fact.kind)} and f.subject = ${literal(fact.subject)}`,
    }));
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
