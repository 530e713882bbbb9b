// How SQL of a declaration is asked: by a role that may only read, one statement at a time, and not for ever.

import type pg from "pg";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { cut, READER } from "../topology/postgres.ts";
import { READ_WITHIN_MS } from "../topology/sessions.ts";

/*
 * A query of a declaration is a stranger's program. It runs in a session that logged in as a role that may read every row and nothing else,
 * so that RESET ROLE and SET SESSION AUTHORIZATION lead back to that role; in a transaction that can't write, also by functions
 * of others, and can't be made one that can; and as one statement of the extended protocol, which refuses a text with two:
 * `select 1) to program 'x'; commit; select (1` never gets as far as to be run. A query that passed so once may stand within
 * a COPY, which knows the simple protocol alone: no semicolon and no unmatched parenthesis is left in it.
 */

/** One statement, whatever the text has in it. */
export function askOne<Row extends pg.QueryResultRow>(client: pg.Client, text: string, values: unknown[] = []): Promise<pg.QueryResult<Row>> {
  const one = { text, values, queryMode: "extended" };
  return inTime(client, () => client.query<Row>(one));
}

/** A query may set its own session's time-out to none: then we are gone, and with us it. */
export async function inTime<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  const late = setTimeout(() => { cut(client); }, READ_WITHIN_MS + LATE_MS);
  try {
    return await work();
  } finally {
    clearTimeout(late);
  }
}
const LATE_MS = 5_000;

/** insufficient_privilege, read_only_sql_transaction, fdw's own refusals, and what the protocol says of two statements */
const REFUSED = new Set(["42501", "25006", "2F003", "2F004", "2F005"]);

/** Whether the server refused what a query asked for, and didn't merely fail with it. */
export const isRefused = (error: unknown): boolean => REFUSED.has(codeOf(error) ?? "");

/** What to do about a query that fails on the fresh system. */
export function remedyOf(error: unknown): string {
  if (codeOf(error) === "42601" && messageOf(error).includes("multiple commands")) return "write one SELECT: a second statement is never run";
  if (!isRefused(error)) return "correct the query";
  return `the declaration's queries run as ${READER}, which may read every table and view, and write nothing, nor files, programs or settings of the server: ask for rows alone; where the query calls a function, let the schema say \`grant execute on function ... to public\``;
}

/** Afterwards a refusal says nothing of the system's records: only that the harness may not look. */
export function refused(what: string, error: unknown): HarnessError {
  return new HarnessError({
    code: "query-refused", kind: "run", place: what, cause: error,
    message: `${what} was answered before the migration and is refused now, to ${READER}, who asks it: ${messageOf(error)}`,
    remedy: `let the migration keep what the query needs: \`grant execute on function ... to ${READER}\`, or to public`,
  });
}

/** What was cut off by a time-out says nothing about the system. */
export function tooSlow(what: string, error: unknown): HarnessError {
  return new HarnessError({
    code: "query-timed-out", kind: "run", place: what, cause: error,
    message: `${what} could not be read in time: ${messageOf(error)}`, remedy: "make its query quicker, or the system's scale smaller",
  });
}
