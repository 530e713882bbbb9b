// What the planner knows of each table: without it, a plan may collapse though nothing else is different.

import type pg from "pg";

export type PlannerStatistics = {
  readonly table: string;
  /** Columns that pg_statistic describes. */
  readonly columns: number;
  /** -1: never vacuumed or analysed, or forgotten since (https://www.postgresql.org/docs/current/catalog-pg-class.html). */
  readonly reltuples: number;
};

/** Of the tables of users. Reads pg_class and pg_statistic alone: milliseconds. */
export async function plannerStatistics(client: pg.Client): Promise<PlannerStatistics[]> {
  const { rows } = await client.query<PlannerStatistics>(`
    select n.nspname || '.' || c.relname as table, c.reltuples::float8 as reltuples,
      (select count(*)::int from pg_catalog.pg_statistic s where s.starelid = c.oid) as columns
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`);
  return rows;
}
