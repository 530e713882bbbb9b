// Labels of enums that no row uses: one that a migration has added can't be taken away again, and hurts nobody.

import pg from "pg";
import { attempt } from "./integrity/fact.ts";

/** An enum, and the columns that hold its values; undefined where it is part of another type, and so can't be looked for. */
type Enum = { readonly name: string; readonly labels: readonly string[]; readonly columns: readonly { readonly table: string; readonly column: string; readonly array: boolean }[] | null };

/** Arrays of it and domains over it are looked into as well; a partitioned table is looked at part by part. */
const ENUMS = `
  with holds as (
    select t.oid as enum, t.oid as type, false as "array" from pg_type t where t.typtype = 'e'
    union all select t.oid, t.typarray, true from pg_type t where t.typtype = 'e'
    union all select d.typbasetype, d.oid, false from pg_type d join pg_type t on t.oid = d.typbasetype and t.typtype = 'e' where d.typtype = 'd'
  )
  select t.oid::regtype::text as name, (select coalesce(array_agg(e.enumlabel::text order by e.enumsortorder), '{}') from pg_enum e where e.enumtypid = t.oid) as labels,
    case when exists (select from pg_range r join holds h on h.type = r.rngsubtype where h.enum = t.oid)
      or exists (select from pg_attribute a join pg_class c on c.oid = a.attrelid and c.relkind = 'c' join holds h on h.type = a.atttypid where h.enum = t.oid)
      or exists (select from pg_type d join holds h on h.type = d.typbasetype and h.type <> h.enum where h.enum = t.oid) then null
    else (select coalesce(json_agg(json_build_object('table', c.oid::regclass::text, 'column', a.attname, 'array', h."array")), '[]')
      from pg_attribute a join holds h on h.type = a.atttypid join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'm') and c.relispopulated where h.enum = t.oid and a.attnum > 0 and not a.attisdropped) end as columns
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype = 'e' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** The labels that no row uses, by the enum's name; none of an enum that can't be looked for everywhere, as where one of its tables can't be read. A label that is used is soon found, one that isn't costs a pass over each of its tables. */
export async function unusedLabels(client: pg.Client): Promise<ReadonlyMap<string, readonly string[]>> {
  const unused = new Map<string, readonly string[]>();
  for (const { name, labels, columns } of (await client.query<Enum>(ENUMS)).rows) {
    if (columns === null) continue;
    const uses = columns.map(({ table, column, array }) => {
      const held = pg.escapeIdentifier(column);
      return `not exists (select from only ${table} where ${array ? `label = any (${held}::text[])` : `${held}::text = label`})`;
    });
    const answer = await attempt<{ label: string }>(client, `select label from unnest(array[${labels.map((label) => pg.escapeLiteral(label)).join(", ")}]::text[]) label where ${["true", ...uses].join(" and ")}`);
    if ("rows" in answer) unused.set(name, answer.rows.map(({ label }) => label));
  }
  return unused;
}
