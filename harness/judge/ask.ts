// Questions to a run's evidence: the query of every finding, and anybody's own.

import { resolve } from "node:path";
import { EvidenceDatabase } from "../evidence/database.ts";
import type { Row } from "../evidence/locked.ts";
import { reconcile } from "./reconcile.ts";
import { clientsOwn, readEntities, readRun } from "./run-record.ts";

/** What there is to ask; the answer to no question in particular. */
const TABLES = "select table_name as \"table\", string_agg(column_name, ', ' order by column_index) as columns from duckdb_columns() where not internal and schema_name = 'main' group by all order by 1";

/**
 * Runs queries over a run directory, in DuckDB's SQL. Files are named relative to the run; no other can be read, and none written.
 * @throws HarnessError, exit code 3, for a query that DuckDB refuses
 */
export async function ask(run: string, queries: readonly (string | undefined)[]): Promise<Row[][]> {
  const record = await readRun(run);
  await using database = await EvidenceDatabase.open(resolve(run), record.system.entities, { apart: true });
  if (record.before && record.after && queries.some((sql) => sql?.includes("harms"))) {
    await reconcile(database, clientsOwn(readEntities(record)));
  }
  const question = await database.lock();
  const answers: Row[][] = [];
  for (const sql of queries) answers.push(await question(sql ?? TABLES));
  return answers;
}
