// The frame in which facts are taken: locks first and then the snapshot, time-outs, and the run's signal.

import pg from "pg";
import { HarnessError, codeOf } from "../base/errors.ts";
import { cut } from "../topology/postgres.ts";
import { LOCKED_WITHIN_MS, READ_WITHIN_MS } from "../topology/sessions.ts";
import { BACKEND, inWords, type Backend } from "./backends.ts";

export type Limits = {
  /** A bound on hanging, not a measure of speed: whoever counts the rows of a rehearsal's largest table needs seconds. */
  readonly statementMs: number;
  /** Nobody should hold such a lock any more: what still does after this holds the application up, too. */
  readonly lockMs: number;
};
export const LIMITS: Limits = { statementMs: READ_WITHIN_MS, lockMs: LOCKED_WITHIN_MS };

const TRIES = 3;
/** How soon the server sees that we are gone, also while it is busy with what we asked. */
const MISSED_WITHIN_MS = 250;

/** A table or a materialised view, with its file as of the snapshot and as of now. */
type Relation = { readonly oid: number; readonly name: string; readonly kind: string; readonly populated: boolean; readonly file: string; readonly now: string | null };

const RELATIONS = `select c.oid::int8::int as oid, format('%I.%I', n.nspname, c.relname) as name, c.relkind::text as kind, c.relispopulated as populated,
    c.relfilenode::text as file, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::text as now
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'turnback') order by c.oid`;

/** Tables that came, went or were rewritten while they were being locked: worth another try. */
class Unsteady extends Error {}
const GOES_AWAY = new Set(["42P01", "3F000", "42809", "40P01", "40001", "XX000"]);

/**
 * Takes the facts in two transactions, `read` in one that can't write and has one snapshot, and `look` in one that amcheck may lock in.
 *
 * A snapshot that is older than a rewrite (TRUNCATE, ALTER TYPE, CLUSTER) finds the new file without a row that it may see: a table
 * that is full reads as empty. So all tables are locked before the snapshot is taken, which LOCK TABLE as the first statement does
 * not do; from then on nobody rewrites or drops them. Materialised views can't be locked so: they are opened right after the snapshot, and
 * a file that is another than the snapshot's means that one was made anew in between. Then, and when tables came or went, it all is
 * done once more. The second transaction locks the same tables and must find them in the same files.
 * @throws HarnessError `facts-locked` that names who holds a lock, `facts-unsteady` when tables keep changing
 */
export async function inFrame<Read, Look>(client: pg.Client, limits: Limits, read: () => Promise<Read>, look: () => Promise<Look>, reader: pg.Client = client): Promise<readonly [Read, Look]> {
  let why = "";
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const listed = (await client.query<Relation>(RELATIONS)).rows;
      let files = "";
      const found = await transaction(client, "begin isolation level repeatable read, read only", listed, limits, (seen) => {
        files = seen;
        return besides(client, reader, listed, limits, read);
      });
      const looked = await transaction(client, "begin", listed, limits, (seen) => {
        if (seen !== files) throw new Unsteady("a table was rewritten between two looks at it");
        return besides(client, reader, listed, limits, look);
      });
      return [found, looked];
    } catch (error) {
      if (!(error instanceof Unsteady)) throw error;
      why = error.message;
    }
  }
  throw new HarnessError({
    code: "facts-unsteady", kind: "run", place: "facts", message: `tables changed while facts were taken, ${TRIES} times in a row: ${why}`,
    remedy: "find out who still creates, drops or rewrites tables after the way back, and end it",
  });
}

/** Works while another session sees the same snapshot, and has locked the same: what waits for our locks would keep it waiting, too. */
async function besides<T>(client: pg.Client, reader: pg.Client, listed: readonly Relation[], limits: Limits, work: () => Promise<T>): Promise<T> {
  if (reader === client) return work();
  const { rows: [exported] } = await client.query<{ snapshot: string }>("select pg_catalog.pg_export_snapshot() as snapshot");
  await reader.query("begin isolation level repeatable read, read only");
  try {
    await reader.query(`set transaction snapshot ${pg.escapeLiteral(exported?.snapshot ?? "")}; set local statement_timeout = ${limits.statementMs}; set local lock_timeout = ${limits.lockMs}; set local client_connection_check_interval = ${MISSED_WITHIN_MS}`);
    const tables = tablesOf(listed);
    try {
      if (tables !== "") await reader.query(`lock table ${tables} in access share mode`);
    } catch (error) {
      throw codeOf(error) === "55P03" ? await lockedBy(client, listed, limits) : error;
    }
    return await work();
  } finally {
    await reader.query("rollback");
  }
}

const tablesOf = (listed: readonly Relation[]) => listed.filter(({ kind }) => kind !== "m").map(({ name }) => `only ${name}`).join(", ");

async function transaction<T>(client: pg.Client, begin: string, listed: readonly Relation[], limits: Limits, work: (files: string) => Promise<T>): Promise<T> {
  await client.query(begin);
  try {
    // None of these takes a snapshot.
    await client.query(`set local statement_timeout = ${limits.statementMs}; set local lock_timeout = ${limits.lockMs}; set local client_connection_check_interval = ${MISSED_WITHIN_MS}`);
    const files = await locked(client, listed, limits);
    return await work(files);
  } finally {
    await client.query("rollback");
  }
}

/** Locks what was listed, and takes the snapshot. Gives the files that the snapshot sees. */
async function locked(client: pg.Client, listed: readonly Relation[], limits: Limits): Promise<string> {
  try {
    const tables = tablesOf(listed);
    if (tables !== "") await client.query(`lock table ${tables} in access share mode`);
    await client.query("select");
    for (const { name } of listed.filter(({ kind, populated }) => kind === "m" && populated)) await client.query(`select from ${name} limit 0`);
    const seen = (await client.query<Relation>(RELATIONS)).rows;
    const names = (relations: readonly Relation[]) => relations.map(({ oid, name, populated }) => `${oid} ${name} ${populated}`).join();
    if (names(seen) !== names(listed)) throw new Unsteady("tables came or went");
    const anew = seen.find(({ kind, file, now }) => kind !== "p" && file !== now);
    if (anew) throw new Unsteady(`${anew.name} was made anew`);
    return seen.map(({ file }) => file).join();
  } catch (error) {
    const code = codeOf(error);
    if (code === "55P03") throw await lockedBy(client, listed, limits);
    if (code === "53200") {
      throw new HarnessError({
        code: "facts-locked", kind: "run", place: "facts", message: `the server has no room for the locks on ${listed.length} tables`, cause: error,
        remedy: "raise max_locks_per_transaction in system.postgres.settings",
      });
    }
    if (code !== undefined && GOES_AWAY.has(code)) throw new Unsteady((error as Error).message);
    throw error;
  }
}

type Holder = Backend & { readonly table: string; readonly prepared: string | null };

/** pg_blocking_pids tells of a session that waits, and ours no longer does: who holds what we wait for is in pg_locks. */
async function lockedBy(client: pg.Client, listed: readonly Relation[], { lockMs }: Limits): Promise<HarnessError> {
  await client.query("rollback");
  const { rows } = await client.query<Holder>(`
    select ${BACKEND}, l.relation::regclass::text as table, p.gid as prepared
    from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
      left join pg_catalog.pg_prepared_xacts p on l.virtualtransaction = '-1/' || p.transaction
    where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.relation = any ($1::oid[])
      and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()) order by l.granted desc, 1`, [listed.map(({ oid }) => oid)]);
  const who = rows.map((row) => `${row.table} by ${row.prepared === null ? inWords(row) : `the prepared transaction "${row.prepared}"`}`);
  return new HarnessError({
    code: "facts-locked", kind: "run", place: rows[0] ? `table ${rows[0].table}` : "facts",
    message: `facts could not be taken: a table stayed locked for ${lockMs} ms${who.length === 0 ? ", by somebody who is gone now" : `: ${[...new Set(who)].slice(0, 5).join("; ")}`}`,
    remedy: "end that session or transaction: whoever reads the table waits for it, clients as well",
  });
}

/** Cuts sessions off when the run is aborted; the server notices and ends what they asked. @throws the signal's reason */
export async function untilAborted<T>(clients: readonly pg.Client[], signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  const end = () => { for (const client of clients) cut(client); };
  signal?.addEventListener("abort", end, { once: true });
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", end);
  }
}
