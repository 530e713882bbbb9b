// Where queries of a declaration find their tables: where the application's connections find them.

import type pg from "pg";
import { readJson, type EvidenceWriter, type FactsWhen } from "../evidence/run-directory.ts";

/** What a new connection of the application searches: on the fresh system, and now. */
export type SearchPath = { readonly fresh: string; readonly now: string };

/*
 * A declared query may rely on what the application's connections have by default. A migration can change that for new
 * connections (ALTER DATABASE or ALTER ROLE ... SET search_path), and a way back can leave it so. Then the old tables are
 * where they were, and queries of the old shape find them by the path of the fresh system: that the path has changed is a difference of
 * settings, and not a loss of records. Queries of the new shape use the path as it is now.
 */

/** Sets the fresh system's path for this transaction, in the place of what the harness's own role would have. */
export async function findBySearchPath(client: pg.Client, evidence: EvidenceWriter, when: FactsWhen, database = ""): Promise<SearchPath> {
  const now = await applicationsPath(client);
  const before = when === "after" ? (await readJson<{ readonly paths?: Readonly<Record<string, string>> }>(evidence.directory, "before/entities.json"))?.paths?.[database] : undefined;
  const path = { fresh: before ?? now, now };
  await client.query("select pg_catalog.set_config('search_path', $1, true)", [path.fresh]);
  return path;
}

/** By precedence: of the role in this database, of the role, and what every session here begins with. */
async function applicationsPath(client: pg.Client): Promise<string> {
  const { rows: [row] } = await client.query<{ path: string }>(`
    select coalesce((
      select pg_catalog.substr(setting, 13) from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) setting
      where setting like 'search_path=%' and s.setrole in (0, (select oid from pg_catalog.pg_roles where rolname = 'app'))
        and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
      order by s.setrole = 0, s.setdatabase = 0 limit 1), pg_catalog.current_setting('search_path')) as path`);
  return (row?.path ?? "public").replace(/"?\$user"?/, "app");
}
