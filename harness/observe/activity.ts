// What clients were seen to write in normal service: the server's own counters of each table.

import type pg from "pg";
import type { Habits } from "./added.ts";
import type { Beside, Lockstep } from "./lockstep.ts";
import type { SampleWritten } from "./sample.ts";
import type { Written } from "./written.ts";

/** Rows inserted, changed and deleted so far; by database and `schema.table`. Those of partitions count as their topmost parent's. */
export type Counters = ReadonlyMap<string, readonly [inserted: number, updated: number, deleted: number]>;
export type Activity = { readonly database: string; readonly table: string; readonly inserted: number; readonly updated: number; readonly deleted: number; /** What became of a sample of its rows meanwhile. */ readonly sample?: SampleWritten;
  /** There was no time to look at it: what clients do there may be more. */ readonly unseen?: boolean;
  /** Tables with which it grows. */ readonly lockstep?: readonly Lockstep[];
  /** Tables whose every write leaves a row here, as far as was seen between two moments of the run. */ readonly beside?: Beside & { readonly from: number; readonly to: number };
  /** What the rows that clients added have in common. */ readonly habits?: Habits };

type Asked = { readonly client: pg.Client; readonly database?: string | undefined };

export async function countersOf(databases: readonly Asked[]): Promise<Counters> {
  const counted = await Promise.all(databases.map(async ({ client, database = "" }) => {
    const { rows } = await client.query<{ table: string; inserted: number; updated: number; deleted: number }>(`
      select n.nspname || '.' || c.relname as "table", sum(n_tup_ins)::float as inserted, sum(n_tup_upd)::float as updated, sum(n_tup_del)::float as deleted
      from pg_stat_user_tables s join pg_class c on c.oid = coalesce(pg_partition_root(s.relid), s.relid) join pg_namespace n on n.oid = c.relnamespace group by 1`);
    return rows.map(({ table, inserted, updated, deleted }) => [`${database} ${table}`, [inserted, updated, deleted] as const] as const);
  }));
  return new Map(counted.flat());
}

/** Tables that were written between the two, and how. */
export function activityBetween(then: Counters, now: Counters): Activity[] {
  return [...now].flatMap(([name, counts]) => {
    const was = then.get(name) ?? [0, 0, 0];
    const [inserted = 0, updated = 0, deleted = 0] = counts.map((count, i) => Math.max(0, count - (was[i] ?? 0)));
    const blank = name.indexOf(" ");
    return inserted + updated + deleted === 0 ? [] : [{ database: name.slice(0, blank), table: name.slice(blank + 1), inserted, updated, deleted }];
  });
}

/**
 * Sessions tell the server what they wrote once a second at most, and it may be later than now: what is in the tables is looked at, too.
 * @param seen of each table how many rows more there are, and what became of its sample, and when it was looked at
 */
export function withSamples(counted: readonly Activity[], seen: readonly (Written & { readonly database: string })[], { from, to }: { readonly from: number; readonly to: number }): Activity[] {
  const name = ({ database, table }: { readonly database: string; readonly table: string }) => `${database} ${table}`;
  const silent = counted.length === 0; // no session has told of anything yet
  const all = new Map(counted.map((one) => [name(one), one]));
  for (const { database, table, sample, more: counted, unseen: hidden, lockstep, habits, beside } of seen) {
    const [more, unseen] = [counted ?? 0, hidden || (counted === null && silent)];
    const { inserted = 0, updated = 0, deleted = 0 } = all.get(name({ database, table })) ?? {};
    const one = { database, table, inserted: Math.max(inserted, more, 0), updated: Math.max(updated, sample.touched), deleted: Math.max(deleted, sample.gone, -more), sample, ...(unseen && { unseen }), ...(lockstep.length > 0 && { lockstep }), ...(habits && { habits }), ...(beside && { beside: { ...beside, from, to } }) };
    if (unseen || one.inserted + one.updated + one.deleted > 0) all.set(name(one), one);
  }
  return [...all.values()];
}

/** Of each database the first transaction that can be a client's, if none of them has come yet. */
export async function firstTransactions(databases: readonly Asked[]): Promise<ReadonlyMap<string, number>> {
  return new Map(await Promise.all(databases.map(async ({ client, database = "" }) =>
    [database, Number((await client.query<{ id: string }>("select pg_snapshot_xmax(pg_current_snapshot())::text as id")).rows[0]?.id)] as const)));
}
