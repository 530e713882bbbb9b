// An entity's records as evidence: one compressed CSV file each, and the types of its columns as the server names them.

import { rm } from "node:fs/promises";
import pg from "pg";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { quoted } from "../base/quoted.ts";
import type { Entity, System } from "../drill/system.ts";
import { dumpFile, goneFile, type EvidenceWriter, type FactsWhen, type Since } from "../evidence/run-directory.ts";
import { evidenceError } from "../evidence/evidence-error.ts";
import { DIGEST, LONGEST_BYTES, type Column } from "../evidence/values.ts";
import { askOne, inTime, isRefused, refused, remedyOf, tooSlow } from "./asking.ts";
import { dumpAll, dumpDifference, earlierDump } from "./dump.ts";
import { requireKeys } from "./entity-keys.ts";
import type { SearchPath } from "./search-path.ts";

/** Of an entity's two queries that of the old schema, or of the new one. */
export type Shape = "before" | "after";

/** In which shape an entity's records were read; what its query failed with, if it was owed that this one reads them; its columns; and what the dump is to be added to. */
export type Dumped = { readonly shape?: Shape; readonly error?: string; readonly columns: readonly Column[]; readonly since?: Since };
type Read = Pick<Dumped, "columns" | "since">;

/** @param records in which shape they must be, or most likely are; `owed` says which */
export type HowToRead = { readonly records: Shape; readonly owed: boolean; readonly path: SearchPath; /** A folder with the dumps that `before/` was made of: what is as it was then is not written again. */ readonly kept?: string | undefined };

/** One compressed CSV file an entity, asked by whoever may only read: the key, then its logical fields, as PostgreSQL prints them. */
export async function dumpEntities(client: pg.Client, system: System, evidence: EvidenceWriter, when: FactsWhen, { records, owed, path, kept }: HowToRead): Promise<Map<string, Dumped>> {
  const dumped = new Map<string, Dumped>();
  for (const entity of system.entities) {
    const dump = (shape: Shape) => dumpEntity(client, entity, shape, { evidence, when, path, kept });
    const first = await dump(records);
    if (when === "before") {
      if (isFailed(first)) throw unreadable(system, entity, first.failed);
      await requireKeys(client, system, entity, first.columns);
    }
    // Afterwards a query that fails is a fact about the system. What is there in the other shape need not stay unknown.
    const other = records === "before" ? "after" : "before";
    const found = isFailed(first) ? await dump(other) : first;
    const shape = !isFailed(first) ? records : !isFailed(found) ? other : undefined;
    if (isFailed(first) && isRefused(first.failed) && (owed || !shape)) throw refused(`entity ${entity.name}, ${records}`, first.failed);
    dumped.set(entity.name, { ...(isFailed(found) ? { columns: [] } : found), ...(shape && { shape }), ...(isFailed(first) && (owed || !shape) && { error: messageOf(first.failed) }) });
  }
  return dumped;
}

/** As `entities.json` has it. */
export function entityFacts(entities: ReadonlyMap<string, Dumped>): object {
  return {
    entities: [...entities.keys()], shapes: Object.fromEntries([...entities].flatMap(([entity, { shape }]) => (shape ? [[entity, shape]] : []))),
    failed: [...entities].flatMap(([entity, { error }]) => (error === undefined ? [] : [{ entity, error }])),
    since: Object.fromEntries([...entities].flatMap(([entity, { since }]) => (since ? [[entity, since]] : []))),
    columns: Object.fromEntries([...entities].map(([entity, { columns }]) => [entity, columns])),
  };
}

function unreadable(system: System, entity: Entity, error: unknown): HarnessError {
  return new HarnessError({
    code: "entity-query-failed", kind: "declaration", place: `system ${system.name}, entity ${entity.name}, before`,
    message: `the query of entity ${entity.name} fails on the fresh system: ${messageOf(error)}`, remedy: remedyOf(error), cause: error,
  });
}

/** Why it can't be read. */
type Failed = { readonly failed: unknown };
const isFailed = (found: Read | Failed): found is Failed => "failed" in found;

type Where = { readonly evidence: EvidenceWriter; readonly when: FactsWhen; readonly path: SearchPath; readonly kept: string | undefined };

/** Gives its columns, or why it can't be read. */
async function dumpEntity(client: pg.Client, entity: Entity, shape: Shape, { evidence, when, path, kept }: Where): Promise<Read | Failed> {
  const [file, gone] = [dumpFile(when, entity.name), goneFile(entity.name)];
  await client.query("savepoint entity");
  try {
    if (shape === "after" && path.now !== path.fresh) await client.query("select pg_catalog.set_config('search_path', $1, true)", [path.now]);
    const columns = await columnsOf(client, entity[shape]);
    // Without OFFSET 0 the server would merge the two queries, and make the text of each value as often as we name it.
    const sql = `copy (select ${columns.map((column) => `${printed(column, columns.length)} as ${pg.escapeIdentifier(column.name)}`).join(", ")} from (select * from (${entity[shape]}\n) asked offset 0) records) to stdout with (format csv, header)`;
    const earlier = when === "after" ? await earlierDump(kept, entity.name) : undefined;
    const since = earlier && await inTime(client, () => dumpDifference(client, sql, earlier, { changed: evidence.path(file), gone: evidence.path(gone) }));
    if (!earlier) await inTime(client, () => dumpAll(client, sql, evidence.path(file)));
    if (!since) await rm(evidence.path(gone), { force: true });
    await client.query("select pg_catalog.set_config('search_path', $1, true)", [path.fresh]);
    await client.query("release savepoint entity");
    return { columns, ...(since && { since }) };
  } catch (error) {
    for (const half of [file, gone]) await rm(evidence.path(half), { force: true }); // half a dump is none, also where the run is cut off
    if (codeOf(error) === "ENOSPC") throw evidenceError(file, error);
    if (codeOf(error) === "57014") throw tooSlow(`entity ${entity.name}, ${shape}`, error);
    await client.query("rollback to savepoint entity"); // also of the path
    return { failed: error };
  }
}

/** Names that a header of CSV can't bear, and the packer's own columns (pack.ts). */
const UNREADABLE = /[\u0000-\u001f\u007f]|^#(?:bucket|set|closer|part)$/i;
/** As many as a table of PostgreSQL can have. */
const MOST_COLUMNS = 1_600;

/** What the server says of a query's columns; of a domain it names the base type. @throws when the judge couldn't tell two of them apart */
export async function columnsOf(client: pg.Client, query: string): Promise<Column[]> {
  const { fields } = await askOne(client, `select * from (${query}\n) records limit 0`);
  const odd = fields.find(({ name }) => UNREADABLE.test(name));
  if (odd !== undefined) throw new Error(`one of its columns is named ${quoted(odd.name)}, which nobody can read from a dump (a line break, or what the packed run keeps of its own); give it another name`);
  if (fields.length > MOST_COLUMNS) throw new Error(`it has ${fields.length} columns, and of more than ${MOST_COLUMNS} no record can be compared; leave some out: tables are compared whole beside it`);
  const names = fields.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two of its columns are named ${twice} (upper and lower case are the same here); give one another name`);
  const { rows } = await client.query<{ type: string; base: string }>(`
    select pg_catalog.format_type(f.oid, f.modifier) as type, case when t.typtype = 'e' then 'enum' when f.oid < 16384 or t.typname = 'citext' then t.typname else 'other' end as base
    from unnest($1::oid[], $2::int[]) with ordinality f (oid, modifier, n) left join pg_catalog.pg_type t on t.oid = f.oid order by f.n`,
  [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)]);
  return fields.map(({ name, dataTypeModifier }, index) => ({ name, type: rows[index]?.type ?? "unknown", base: rows[index]?.base ?? "other", modifier: dataTypeModifier }));
}

/** Types whose values are never long; a number stays a number, however many digits it has. */
const SHORT = new Set(["int2", "int4", "int8", "oid", "numeric", "money", "float4", "float8", "bool", "timestamp", "timestamptz", "date", "time", "timetz", "interval", "uuid", "enum", "name", "char"]);
/** Of more columns each may have less, so that a line stays readable. */
const MANY_COLUMNS = 100;
const LONGEST_OF_MANY_BYTES = 1_024;

/** A column as it is dumped, as an expression: what is long as its digest, so that a dump stays small and compares exactly. */
export function printed({ name, base }: Column, columns: number): string {
  const column = pg.escapeIdentifier(name);
  if (SHORT.has(base)) return column;
  const text = `(${column}::text collate pg_catalog."C")`; // of char(n) without what it is filled up with; a nondeterministic collation can't be searched
  const bytes = `pg_catalog.octet_length(${text})`;
  // Most values are shorter than what a digest begins with, and need but one look.
  return `case when ${bytes} >= ${DIGEST.length} and (${bytes} > ${columns > MANY_COLUMNS ? LONGEST_OF_MANY_BYTES : LONGEST_BYTES} or pg_catalog.starts_with(${text}, '${DIGEST}'))
    then '${DIGEST}' || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8')), 'hex') || ':' || ${bytes} else ${text} end`;
}
