// Whether a step has written rows: what no catalogue tells of.

import type pg from "pg";
import { statementsOf } from "../topology/sql-file.ts";
import { JOURNAL_SCHEMA } from "./journal.ts";

/** Rows of users' tables that this transaction wrote, whoever's function or trigger it was, and sequences that it moved: their locks are kept. */
const WROTE = `select exists (select from pg_catalog.pg_stat_xact_user_tables where schemaname <> '${JOURNAL_SCHEMA}' and schemaname !~ '^pg_' and n_tup_ins + n_tup_upd + n_tup_del > 0)
  or exists (select from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation
    where l.pid = pg_catalog.pg_backend_pid() and l.mode = 'RowExclusiveLock' and c.relkind = 'S') as wrote`;

/** Asked in the transaction itself: counters of a transaction are exact, and are gone with it. */
export async function wroteRows(client: pg.Client): Promise<boolean> {
  return (await client.query<{ wrote: boolean }>(WROTE)).rows[0]?.wrote ?? true;
}

const IDLE = /^(?:select|values|show|set|reset)\b/;

/** Whether all statements ask for constants, or change the session alone: whatever calls a function may write. */
export const isIdle = (sql: string): boolean => statementsOf(sql).every(({ sql: text, words }) => IDLE.test(words) && !/\binto\b/.test(words) && (/^(?:set|reset)/.test(words) || !text.includes("(")));
