// Which columns the entities' queries read: the server says so of a view, so each becomes one for a moment.

import type pg from "pg";
import type { System } from "../drill/system.ts";
import { attempt } from "./integrity/fact.ts";

export type Reads = {
  /** As `schema.table.column`; those of a partition count as its topmost parent's. */
  readonly columns: ReadonlySet<string>;
  /** The entities that read some column of a table, by `schema.table`. */
  readonly entities: (table: string) => readonly string[];
};

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
  select distinct n.nspname || '.' || c.relname as "table", attname as "column"
  from named join pg_class c on c.oid = coalesce(pg_partition_root(named.rel), named.rel) join pg_namespace n on n.oid = c.relnamespace`;

/** Inside a transaction that the caller rolls back. The queries are those of the old shape, in which the facts before are read. */
export async function columnsRead(client: pg.Client, { entities }: Pick<System, "entities">): Promise<Reads> {
  const columns = new Set<string>();
  const tables = new Map<string, string[]>();
  let number = 0;
  for (const { name, before } of entities) {
    const view = `create temporary view turnback_reads_${(number += 1)} as select 1 as one from (${before}\n) records`;
    if (!("rows" in (await attempt(client, view)))) continue; // the dump says what is wrong with the query
    const { rows } = await client.query<{ table: string; column: string }>(DEPENDS, [`pg_temp.turnback_reads_${number}`]);
    for (const { table, column } of rows) {
      columns.add(`${table}.${column}`);
      if (!tables.get(table)?.includes(name)) tables.set(table, [...(tables.get(table) ?? []), name]);
    }
  }
  return { columns, entities: (table) => tables.get(table) ?? [] };
}
