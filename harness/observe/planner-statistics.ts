// What the planner knows of each table: without it, a plan may collapse though nothing else is different.

import type pg from "pg";

export type PlannerStatistics = {
  readonly table: string;
  /** Columns that pg_statistic describes. */
  readonly columns: number;
  /** Their names, and those of columns that are there and that it doesn't describe. */
  readonly described: readonly string[];
  readonly undescribed: readonly string[];
  /** -1: never vacuumed or analysed, or forgotten since (https://www.postgresql.org/docs/current/catalog-pg-class.html). */
  readonly reltuples: number;
};

/** Of the tables of users. Reads pg_class, pg_attribute and pg_statistic alone: milliseconds. */
export async function plannerStatistics(client: pg.Client): Promise<PlannerStatistics[]> {
  const { rows } = await client.query<PlannerStatistics>(`
    select n.nspname || '.' || c.relname as table, c.reltuples::float8 as reltuples, count(s.starelid)::int as columns,
      coalesce(json_agg(a.attname order by a.attnum) filter (where s.starelid is not null), '[]') as described,
      coalesce(json_agg(a.attname order by a.attnum) filter (where s.starelid is null and a.attnum is not null), '[]') as undescribed
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join (select distinct starelid, staattnum from pg_catalog.pg_statistic) s on s.starelid = a.attrelid and s.staattnum = a.attnum
    where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' group by n.nspname, c.relname, c.reltuples order by 1`);
  return rows;
}
