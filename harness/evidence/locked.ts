// Queries that come with a run, or from whoever asks: they read that run's plain files, and can do nothing else.

import { type DuckDBConnection, StatementType } from "@duckdb/node-api";
import { HarnessError, messageOf } from "../base/errors.ts";
import { literal } from "./duckdb.ts";

export type Row = Readonly<Record<string, unknown>>;

/** withinMs: then a query is ended. rows: more are an error, and none is left out in silence. */
const LIMITS = { withinMs: 30_000, rows: 100_000 };
export type Limits = typeof LIMITS;

const READS: ReadonlySet<StatementType> = new Set([StatementType.SELECT, StatementType.EXPLAIN]);

/**
 * Locks an engine for good: no file but those named, no network, no extension, no setting. What was attached or made stays readable.
 * @param files as queries name them: a relative one is found in the folder that `file_search_path` says
 */
export async function lock(connection: DuckDBConnection, files: readonly string[]): Promise<void> {
  await connection.run(`set allowed_paths = [${files.map(literal).join(", ")}]; set enable_external_access = false; set lock_configuration = true`);
}

/** Asks one question of a locked engine. @throws HarnessError, exit code 3: what is wrong with a query is for its author to mend */
export async function askLocked(connection: DuckDBConnection, sql: string, { withinMs, rows }: Limits = LIMITS): Promise<Row[]> {
  const refused = (message: string, cause?: unknown) => new HarnessError({ code: "query-refused", kind: "declaration", message, remedy: "`turnback query RUN` without a query lists the tables", cause });
  const late = { is: false };
  const timer = setTimeout(() => { late.is = true; connection.interrupt(); }, withinMs);
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) throw refused(`${statements.count} statements were given: ask one question at a time`);
    const statement = await statements.prepare(0);
    if (!READS.has(statement.statementType)) throw refused(`${StatementType[statement.statementType]} is no question: a run is only read, by SELECT`);
    const reader = await statement.streamAndReadUntil(rows + 1);
    if (reader.currentRowCount > rows) throw refused(`the answer has more than ${rows.toLocaleString("en-US")} rows: limit it, or count`);
    return reader.getRowObjectsJson() as Row[];
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    throw refused(late.is ? `no answer within ${withinMs / 1000} s` : messageOf(error), error);
  } finally {
    clearTimeout(timer);
  }
}
