// Why the server refused clients after the way back: the difference of the schema that its error names is the cause, and hangs above what is refused.

import type { EvidenceDatabase } from "../evidence/database.ts";
import type { SchemaObject } from "./run-record.ts";
import type { Consequence, Finding } from "./scorecard.ts";
import { partsOf, rightsTaken, urgencyOf } from "./structure-order.ts";

/*
 * An SQLSTATE says what kind of object an operation met, and the server's words say which. So a default that is gone is the cause of "null
 * value in column "number" of relation "prescriptions"", and nobody is told to take the application back for it. Where the words
 * name no object, as where ON CONFLICT finds no index, it must be one of a table that the operation writes. What isn't
 * certain stays beside each other.
 */

/** Kinds of objects whose differences explain a code, those first that explain it best. */
const EXPLAINS: Readonly<Record<string, readonly string[]>> = {
  "22001": ["column", "type"], "22003": ["column", "type", "sequence"], "22P02": ["type", "column"], "2200H": ["sequence"],
  "23502": ["column", "trigger", "type", "function"], "23503": ["constraint"], "23505": ["constraint", "index", "sequence"], "23514": ["constraint", "type", "relation"], "23P01": ["constraint", "index"],
  "25006": ["setting"], "3F000": ["schema"],
  "42501": ["relation", "column", "schema", "function", "sequence", "type", "policy", "role"], "42703": ["column", "relation"], "42704": ["type", "role", "collation", "text-search", "extension", "schema", "setting"],
  "42804": ["column", "type", "function"], "42883": ["function", "operator", "extension", "schema", "setting"], "42P01": ["relation", "sequence", "schema", "setting"], "42P10": ["constraint", "index"],
  "428C9": ["column"], "55000": ["materialized-view-unpopulated"], "42846": ["cast", "type", "column"], "P0001": ["trigger", "rule", "function"],
};
/** Problems of integrity that are about an object of such a kind. */
const PROBLEMS: Readonly<Record<string, string>> = { "stale-sequence": "sequence", "sequence-repeats": "sequence", "sequence-exhausted": "sequence" };
/** Of these the server names the table alone. */
const BY_TABLE: ReadonlySet<string> = new Set(["trigger", "rule", "policy", "relation", "sequence"]);
const NO_RIGHT = "42501";
/** What the server's words don't name, the operation's own tables must. */
const UNNAMED: ReadonlySet<string> = new Set(["22001", "22003", "42P10", "P0001"]);
/** Some may have been cut off or late for other reasons. */
const MOSTLY = 0.9;
const ABOUT_SERVICE = /^(operation-(refused|refused-anew|fails)|wrong-schema-version)$/;

export type Refusal = { readonly op: string; readonly code: string; readonly error: string | null; readonly n: number; readonly entities: readonly string[] };
export type Known = { readonly structure: readonly SchemaObject[]; /** The tables that each entity reads. */ readonly tablesOf: (entity: string) => readonly string[] };

/** What was refused since the way back was through. */
export async function refusalsSince(database: EvidenceDatabase, rollbackEndNs: number): Promise<Refusal[]> {
  const rows = await database.rows(`select op, code, error, count(*)::double as n, list_sort(list_distinct(flatten(list([e.entity for e in coalesce(effects, [])])))) as entities
    from operations where outcome = 'rejected' and start > ${rollbackEndNs} group by op, code, error order by op, code, error`);
  return rows.map(({ op, code, error, n, entities }) => ({ op: String(op), code: String(code), error: error === null ? null : String(error), n: Number(n), entities: (entities ?? []) as readonly string[] }));
}

/** The entities that clients tell of, by operation. */
export async function entitiesOfOperations(database: EvidenceDatabase): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await database.rows("select op, list_sort(list_distinct(flatten(list([e.entity for e in coalesce(effects, [])])))) as entities from operations group by op order by op");
  return new Map(rows.map(({ op, entities }) => [String(op), (entities ?? []) as readonly string[]]));
}

/** Causes with what hangs below them, the findings that hang nowhere, and all of them, each told with its cause. */
type Explained = { readonly causes: readonly Finding[]; readonly service: readonly Finding[]; readonly told: readonly Finding[] };

/** Findings about service below the causes that explain all of what they tell. @param causes of structure and integrity */
export function underRefusedFor(causes: readonly Finding[], service: readonly Finding[], refusals: readonly Refusal[], known: Known): Explained {
  const below = new Map<Finding, Consequence[]>();
  const explained = new Map<Finding, Finding>();
  const rest = service.filter((finding) => {
    const found = refusalsOf(finding, refusals).map((refusal) => ({ refusal, cause: causeOf(causes, refusal, known) }));
    const [first] = found.filter(({ cause }) => cause !== undefined).toSorted((a, b) => b.refusal.n - a.refusal.n);
    const sum = (some: typeof found) => some.reduce((all, { refusal: { n } }) => all + n, 0);
    if (!first?.cause || sum(found.filter(({ cause }) => cause !== undefined)) < MOSTLY * sum(found)) return true;
    const said = first.refusal.error === null ? "" : `; the server says: ${first.refusal.error}`;
    const own: Consequence = { kind: finding.kind, subject: finding.subject, detail: `${finding.detail}${said}` };
    // An operation that is refused says more than its code.
    explained.set(finding, { ...finding, detail: `refused ${sum(found).toLocaleString("en-US")} ${sum(found) === 1 ? "time" : "times"} after the way back (${[...new Set(found.map(({ refusal: { code } }) => code))].slice(0, 3).join(", ")}), by ${first.cause.kind}: ${first.cause.subject}` });
    below.set(first.cause, [...(below.get(first.cause) ?? []), ...(finding.consequences ?? []), ...(finding.consequences ? [] : [own])]);
    return false;
  });
  const hung = causes.map((cause) => {
    const mine = below.get(cause);
    return mine ? { ...cause, consequences: [...mine, ...(cause.consequences ?? [])] } : cause;
  });
  return { causes: hung, service: rest, told: service.map((finding) => explained.get(finding) ?? finding) };
}

function refusalsOf({ kind, subject, examples }: Finding, refusals: readonly Refusal[]): readonly Refusal[] {
  if (!ABOUT_SERVICE.test(kind)) return [];
  if (kind === "wrong-schema-version") return refusals.filter(({ code }) => code === subject);
  const fresh = new Set(examples.map((example) => (example as { readonly code?: string }).code));
  return refusals.filter(({ op, code }) => op === subject && (kind !== "operation-refused-anew" || fresh.has(code)));
}

/** The one that must be it, by what the server's words name, or by the tables that the operation writes. */
export function causeOf(causes: readonly Finding[], { code, error, entities }: Refusal, known: Known): Finding | undefined {
  const words = new Set((error ?? "").match(/[\p{L}\p{N}_$]+/gu) ?? []);
  const named = new Set([...words, ...tablesNamed(known.structure, words)]);
  const tables = new Set(entities.flatMap(known.tablesOf).map(lastName));
  const fitting = causes.filter((cause) => canMake(code, cause));
  for (const kind of EXPLAINS[code] ?? []) {
    const some = fitting.filter((cause) => kindOf(cause) === kind);
    const onNamed = (cause: Finding) => (BY_TABLE.has(kind) || code === NO_RIGHT) && tablesOfCause(kind, cause).some((table) => named.has(table));
    const by = some.find((cause) => isNamed(kind, cause, words)) ?? some.find(onNamed);
    if (by) return by;
  }
  // Of a sequence that the application itself asks nobody knows where its numbers go.
  if (code === "23505" && fitting.length === 1 && fitting.some((cause) => kindOf(cause) === "sequence" && tablesOfCause("sequence", cause).length === 0)) return fitting[0];
  if (error !== null && !UNNAMED.has(code)) return undefined;
  const missing = fitting.filter(({ kind }) => kind.endsWith("-missing"));
  if (error === null && NOT_THERE.has(code) && missing.length === 1) return missing[0];
  const own = fitting.filter((cause) => tablesOfCause(kindOf(cause), cause).some((table) => tables.has(table)));
  if (own.length > 0 || error !== null) return own.length === 1 ? own[0] : undefined;
  // A client that keeps no words tells by the code alone: what must be the cause is the only one that can be.
  const apart = fitting.filter((cause) => tables.size === 0 || tablesOfCause(kindOf(cause), cause).length === 0);
  return fitting.length === 1 && apart.length === 1 ? apart[0] : undefined;
}

/** Who names what is not there. */
const NOT_THERE: ReadonlySet<string> = new Set(["3F000", "42703", "42704", "42883", "42P01"]);
const ABOUT_RIGHTS: ReadonlySet<string> = new Set(["owner", "rowSecurity", "forceRowSecurity"]);
const HIDDEN_AWAY: ReadonlySet<string> = new Set(["policy", "role", "schema"]);

/** Whether what is different of it can make such an error: who is refused has lost a right, and not a comment. */
function canMake(code: string, cause: Finding): boolean {
  if (!EXPLAINS[code]?.includes(kindOf(cause))) return false;
  const parts = partsOf(cause);
  if (parts.length === 0 || cause.examples.length === 0) return true;
  if (code === NO_RIGHT) return parts.some((part) => part.fate !== "changed" || HIDDEN_AWAY.has(part.object) || ABOUT_RIGHTS.has(part.field ?? "") || rightsTaken(part).length > 0);
  return parts.some((part) => urgencyOf(part) < 4);
}

export const kindOf = ({ kind }: Finding) => PROBLEMS[kind] ?? kind.replace(/-(missing|left-over|changed)$/, "");
/** Without its schema, and without quotes. */
export const lastName = (name: string) => (name.split(".").at(-1) ?? name).replaceAll('"', "");

function isNamed(kind: string, { subject }: Finding, words: ReadonlySet<string>): boolean {
  const said = (name: string) => (name.match(/[\p{L}\p{N}_$]+/gu) ?? []).every((word) => words.has(word));
  switch (kind) {
    case "setting": return true; // the code itself says that it is one
    case "function": return said(lastName(subject.split("(")[0] ?? subject));
    case "column": { // the table is named as well, unless the statement names none
      const [table = "", column = ""] = subject.split(".").slice(-2).map(lastName);
      return said(column) && (said(table) || !words.has("relation"));
    }
    case "constraint": case "trigger": case "policy": case "rule": return said(lastName(subject.split(": ").at(-1) ?? subject));
    default: return said(lastName(subject));
  }
}

/** The tables that an object is on, or a problem about. */
export function tablesOfCause(kind: string, { subject, detail, examples }: Finding): string[] {
  const [example] = examples as readonly { readonly table?: unknown; readonly parents?: unknown }[];
  const parents = kind === "relation" ? [...JSON.stringify([example, detail]).matchAll(/parent\\?":\\?"([^"\\]+)/g)].map(([, parent = ""]) => parent) : [];
  const onTable = subject.includes(": ") ? [subject.split(": ")[0] ?? ""] : kind === "column" ? [subject.split(".").slice(0, -1).join(".")] : [];
  const ofSequence = kind === "sequence" ? [...detail.matchAll(/ in ([^ ]+)\.[^ .]+(?= is|$)/g)].map(([, table = ""]) => table) : [];
  return [...onTable, ...(kind === "relation" ? [subject] : []), ...parents, ...ofSequence, ...(typeof example?.table === "string" ? [example.table] : [])].map(lastName);
}

/** An error may name a constraint or an index alone. */
function tablesNamed(structure: readonly SchemaObject[], words: ReadonlySet<string>): string[] {
  return structure.flatMap(({ kind, name, detail }) => {
    if (kind !== "constraint" && kind !== "index") return [];
    const own = lastName(kind === "constraint" ? name.split(": ").at(-1) ?? name : name);
    return words.has(own) && typeof detail["table"] === "string" ? [lastName(detail["table"])] : [];
  });
}
