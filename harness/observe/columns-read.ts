// Which columns the entities' queries read, and which of them whole: what a record holds only a part of must be compared otherwise.

import pg from "pg";
import type { System } from "../drill/system.ts";
import { askOne } from "./asking.ts";
import { attempt } from "./integrity/fact.ts";

/** An entity that reads a part of a column, and its fields that may show it. */
export type Through = { readonly entity: string; readonly fields: readonly string[] };

/** Tables are `schema.table`; partitions count as their topmost parent. */
export type Reads = {
  /** Some entity's records hold every value of it as it is. */
  readonly whole: (table: string, column: string) => boolean;
  /** Those that read it otherwise: rounded, cut, in lower case, in a condition alone, or not of every row. */
  readonly inPart: (table: string, column: string) => readonly Through[];
  /** The entities that read some column of a table. */
  readonly entities: (table: string) => readonly string[];
  /** Of these, those whose records are not as many as its rows. */
  readonly leaveOut: (table: string) => readonly string[];
};

type Column = { readonly table: string; readonly quoted: string; readonly column: string; readonly plain: boolean };
type Field = { readonly name: string; readonly origin: Column | undefined; /** The name of the column whose text it is, and nothing else. */ readonly cast: string | undefined };
/** How many values there are, a sum of their digests, and whether they are not all one. */
type Sum = { readonly rows: string; readonly sum: string | null; readonly varies: boolean | null };

/** Of `a` in `c`; plain types are those that only few functions keep. */
const COLUMN = `n.nspname || '.' || c.relname as "table", format('%I.%I', n.nspname, c.relname) as quoted, a.attname as "column",
    (select t.typtype = 'e' or t.typname in ('uuid', 'int2', 'int4', 'int8', 'oid', 'bool') from pg_type t where t.oid = a.atttypid) as plain`;

/*
 * A rule depends on each column that its query names. Of a whole row, and of what a function reads, it doesn't say columns:
 * these count as not read. A view's own columns lead on to those of the same name that the view reads.
 */
const DEPENDS = `
  with recursive named as (
    select d.refobjid as rel, a.attname from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where r.ev_class = $1::regclass and d.refobjid <> r.ev_class
    union
    select d.refobjid, a.attname from named v join pg_class c on c.oid = v.rel and c.relkind = 'v' join pg_rewrite r on r.ev_class = v.rel
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.refobjid <> v.rel
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and a.attname = v.attname)
  select distinct ${COLUMN}
  from named join pg_class c on c.oid = coalesce(pg_partition_root(named.rel), named.rel) join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = named.attname
  where c.relkind in ('r', 'p', 'm') order by 1, 3`;

/** Where a query's column comes from, as the server says of each that is nothing but a column: a table's, or a view's, which leads on. */
const ORIGIN = `
  select ${COLUMN}, case when c.relkind = 'v' then rtrim(pg_get_viewdef(s.oid), ';') end as query
  from (select $1::oid as oid) s join pg_attribute a on a.attrelid = s.oid and a.attnum = $2::int
    join pg_class c on c.oid = coalesce(pg_partition_root(s.oid), s.oid) join pg_namespace n on n.oid = c.relnamespace`;

/** A line of a view's definition that is nothing but a column as text, as the server prints it. */
const NAME = String.raw`(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")`;
const CAST = new RegExp(String.raw`^(?: *SELECT(?: DISTINCT)?)? *(?:${NAME}\.)?(${NAME})::text AS (${NAME}),?$`);

const MOST_VIEWS = 10;
const id = (table: string, column: string) => `${table}.${column}`;

/** Inside a transaction that the caller rolls back. The queries are those of the old shape, in which the facts before are read. */
export async function columnsRead(client: pg.Client, { entities }: Pick<System, "entities">): Promise<Reads> {
  const tables = new Map<string, string[]>();
  const [whole, inPart, leaveOut] = [new Set<string>(), new Map<string, Through[]>(), new Map<string, string[]>()];
  const views: { readonly name: string; readonly before: string; readonly view: string }[] = [];
  for (const { name, before } of entities) {
    const view = `turnback_reads_${views.length + 1}`;
    if (await unlessRefused(client, () => askOne(client, `create temporary view ${view} as ${before}\n`))) views.push({ name, before, view }); // else the dump says what is wrong with the query
  }
  await client.query("set transaction read only"); // and never back again
  for (const { name, before, view } of views) {
    const fields = await unlessRefused(client, () => fieldsOf(client, view, before));
    if (!fields) continue; // the dump says so
    // A view may call a column otherwise.
    const named = [...(await client.query<Column>(DEPENDS, [`pg_temp.${view}`])).rows, ...fields.flatMap(({ origin }) => origin ?? [])];
    const columns = [...new Map(named.map((column) => [id(column.table, column.column), column])).values()];
    const held = await heldBy(client, view, fields, columns);
    for (const table of new Set(columns.map((column) => column.table))) tables.set(table, [...(tables.get(table) ?? []), name]);
    for (const table of held.leftOut) leaveOut.set(table, [...(leaveOut.get(table) ?? []), name]);
    for (const { table, column } of columns) {
      const at = id(table, column);
      if (held.whole.has(at)) whole.add(at);
      else inPart.set(at, [...(inPart.get(at) ?? []), { entity: name, fields: held.fields.filter((field) => field.from === undefined || field.from === at).map((field) => field.name) }]);
    }
  }
  return { whole: (table, column) => whole.has(id(table, column)), inPart: (table, column) => inPart.get(id(table, column)) ?? [], entities: (table) => tables.get(table) ?? [], leaveOut: (table) => leaveOut.get(table) ?? [] };
}

/** What the server says no to is nothing here; whoever dumps it says why. */
async function unlessRefused<T>(client: pg.Client, work: () => Promise<T>): Promise<T | undefined> {
  await client.query("savepoint refused");
  try {
    const done = await work();
    await client.query("release savepoint refused");
    return done;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query("rollback to savepoint refused");
    return undefined;
  }
}

type HeldBy = { readonly whole: ReadonlySet<string>; readonly fields: readonly { readonly name: string; readonly from: string | undefined }[]; readonly leftOut: readonly string[] };

/**
 * A field holds a column whole that is nothing but it, or its text, and that has the same values as the table has rows: neither are rows
 * left out, nor is one there twice. A function of a column may give the same as it today (lower() of what is in lower case) and hide a
 * change tomorrow, so values alone prove nothing, but of types that only few functions keep. Of what can't be asked nothing is held.
 */
async function heldBy(client: pg.Client, view: string, fields: readonly Field[], columns: readonly Column[]): Promise<HeldBy> {
  const records = await sums(client, `pg_temp.${view}`, fields.map(({ name }) => name));
  const rows = new Map<string, Sum>();
  const leftOut: string[] = [];
  for (const [table, of] of Map.groupBy(columns, (column) => column.table)) {
    const found = await sums(client, of[0]?.quoted ?? "", of.map(({ column }) => column));
    of.forEach(({ column }, i) => found[i] && rows.set(id(table, column), found[i]));
    if (found[0]?.rows !== records[0]?.rows) leftOut.push(table);
  }
  const whole = new Set<string>();
  const from = fields.map(({ name, origin, cast }, i) => {
    const sum = records[i];
    const same = (at: string) => sum !== undefined && rows.get(at)?.rows === sum.rows && rows.get(at)?.sum === sum.sum;
    if (origin !== undefined) {
      const at = id(origin.table, origin.column);
      if (same(at)) whole.add(at);
      return { name, from: at };
    }
    const alike = columns.filter(({ table, column }) => same(id(table, column)) && (cast !== undefined || sum?.varies));
    const one = alike.find(({ column }) => column === name) ?? (alike.length === 1 ? alike[0] : undefined);
    if (one && (cast !== undefined || one.plain)) whole.add(id(one.table, one.column));
    const called = columns.filter(({ column }) => column === cast); // where rows are left out, the name alone tells
    const source = cast === undefined ? undefined : one ?? (called.length === 1 ? called[0] : undefined);
    return { name, from: source && id(source.table, source.column) };
  });
  return { whole, fields: from, leftOut };
}

async function fieldsOf(client: pg.Client, view: string, query: string): Promise<Field[]> {
  const { rows } = await client.query<{ text: string }>("select pg_get_viewdef($1::regclass, 0) as text", [`pg_temp.${view}`]);
  const plain = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
  const casts = new Map((rows[0]?.text ?? "").split("\n").flatMap((line) => {
    const [, column, field] = CAST.exec(line) ?? [];
    return column === undefined || field === undefined ? [] : [[plain(field), plain(column)] as const];
  }));
  const { fields } = await askOne(client, `select * from (${query}\n) records limit 0`);
  const found: Field[] = [];
  for (const { name, tableID, columnID } of fields) found.push({ name, origin: await originOf(client, tableID, columnID), cast: casts.get(name) });
  return found;
}

async function originOf(client: pg.Client, tableID: number, columnID: number): Promise<Column | undefined> {
  let [table, column] = [tableID, columnID];
  for (let views = 0; table !== 0 && views < MOST_VIEWS; views += 1) {
    const { rows: [found] } = await client.query<Column & { query: string | null }>(ORIGIN, [table, column]);
    if (!found || found.query === null) return found;
    const { fields } = await client.query(`select * from (${found.query}\n) records limit 0`);
    const next = fields[column - 1];
    [table, column] = [next?.tableID ?? 0, next?.columnID ?? 0];
  }
  return undefined;
}

/** Of each column; nothing where they can't be read. */
async function sums(client: pg.Client, from: string, columns: readonly string[]): Promise<Sum[]> {
  const digest = (column: string) => `hashtextextended(${pg.escapeIdentifier(column)}::text collate "C", 0)`;
  const asked = columns.map((column, i) => `, sum(${digest(column)})::text as s${i}, min(${digest(column)}) <> max(${digest(column)}) as v${i}`);
  const answer = await attempt<Record<string, string | boolean | null>>(client, `select count(*)::text as n${asked.join("")} from ${from}`);
  const row = "rows" in answer ? answer.rows[0] : undefined;
  return row ? columns.map((_, i) => ({ rows: String(row["n"]), sum: row[`s${i}`] as string | null, varies: row[`v${i}`] as boolean | null })) : [];
}
