// What clients have written so far, looked at beside the load: of each table its sample again, and its new rows by transaction.

import pg from "pg";
import { monotonicMs } from "../base/clock.ts";
import { habitsOf, type Habits } from "./added.ts";
import { besideOf, lockstepOf, type Beside, type Lockstep } from "./lockstep.ts";
import { differing, lookAgain, type SampledRow, type SampleWritten } from "./sample.ts";
import { keyOf, type OldKeys, type UnreadTable } from "./unread.ts";

/** `unseen`: there was no time to look at all of it, so that nothing is known of what clients do there but what the server counts. */
export type Written = { readonly table: string; readonly sample: SampleWritten; /** Rows more than before; null where they were too many to be counted. */ readonly more: number | null; readonly unseen: boolean; readonly lockstep: readonly Lockstep[]; readonly habits: Habits | undefined; readonly beside: Beside | undefined };

/** So that it costs clients little: tables are looked at from the smallest on, as long as there is time. */
const LIMITS = { mostRows: 200_000, withinMs: 2_000 };

const countOf = ({ rows, count }: UnreadTable): number | null => rows ?? count ?? null;

/** In a transaction of its own. @param since the first transaction that may be a client's; without it nothing is told of transactions */
export async function writtenInService(client: pg.Client, database: string, tables: readonly UnreadTable[], sample: readonly SampledRow[], { mostRows, withinMs, since, keys = {} }: Partial<typeof LIMITS> & { readonly since?: number | undefined; readonly keys?: OldKeys | undefined } = {}): Promise<Written[]> {
  const of = Map.groupBy(sample.filter((one) => one.database === database), ({ table }) => table);
  const until = monotonicMs() + (withinMs ?? LIMITS.withinMs);
  const small = (table: UnreadTable) => (countOf(table) ?? 0) <= (mostRows ?? LIMITS.mostRows);
  const looked: (Omit<Written, "lockstep" | "beside"> & { readonly was: UnreadTable; readonly added: ReadonlyMap<string, number> | undefined })[] = [];
  await client.query("begin isolation level repeatable read, read only");
  try {
    for (const table of tables.filter((one) => one.database === database && one.view === undefined && countOf(one) !== null).toSorted((a, b) => (countOf(a) ?? 0) - (countOf(b) ?? 0))) {
      const was = of.get(table.full) ?? [];
      const before = countOf(table) ?? 0;
      const is = await inTime(client, until, () => lookAgain(client, table, was));
      const now = small(table) ? await inTime(client, until, () => byTransaction(client, table, since)) : undefined;
      const all = now && [...now.values()].reduce((sum, n) => sum + n, 0);
      const { top } = table;
      const habits = top && (await inTime(client, until, () => habitsOf(client, table, top, keys[keyOf(table)] ?? [])));
      looked.push({ table: table.full, habits, sample: differing(was, is ?? []), more: all === undefined ? null : all - before, unseen: !is || (small(table) && !now), was: table, added: now && new Map([...now].filter(([id]) => id !== OLD)) });
    }
  } finally {
    await client.query("rollback");
  }
  const growing = since === undefined ? [] : looked.flatMap(({ was: { entities, full }, added, more, sample: { gone, touched } }) => (added && more !== null ? [{ table: full, read: entities.length > 0, more, added, kept: gone === 0, unchanged: touched === 0 }] : []));
  const [steps, logs] = [lockstepOf(growing), besideOf(growing)];
  return looked.map(({ was, added, ...seen }) => ({ ...seen, beside: logs.filter((log) => log.table === seen.table).map(({ table, ...log }) => log)[0], lockstep: steps.filter((step) => step.table === seen.table).map(({ source, each, transactions }) => ({ source, each, transactions })) }));
}

const OLD = "";

/** How many rows each transaction wrote that are there now; of those before `since`, how many in all. */
async function byTransaction(client: pg.Client, { quoted }: UnreadTable, since: number | undefined): Promise<Map<string, number>> {
  const id = since === undefined ? "''" : `case when xmin::text::bigint >= ${since} then xmin::text else '${OLD}' end`;
  const { rows } = await client.query<{ id: string; n: string }>(`select ${id} as id, count(*) as n from ${quoted} group by 1`);
  return new Map(rows.map((row) => [row.id, Number(row.n)]));
}

/** Undefined where there was no time for it. What else is wrong with a table is told by the facts of afterwards. */
async function inTime<T>(client: pg.Client, until: number, look: () => Promise<T>): Promise<T | undefined> {
  const left = Math.floor(until - monotonicMs());
  if (left < 1) return undefined;
  await client.query(`savepoint look; set local statement_timeout = ${left}`);
  try {
    const found = await look();
    await client.query("release savepoint look");
    return found;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query("rollback to savepoint look");
    return undefined;
  }
}
