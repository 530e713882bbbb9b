// Rows that clients add to tables that no entity reads: where they grow with a table that one reads, all of them must be there, once.

import type { Activity, UnreadTable } from "./run-record.ts";

/** What a rule of normal service says of a table in the end. */
export type Step = {
  /** It grew as much as it must have. */
  readonly even: boolean;
  /** So many rows more or fewer than the rule says, and whether that is more than exceptions that were not seen explain. */
  readonly off: number; readonly sure: boolean;
  readonly said: string;
  /** The table with which it grows. */
  readonly source: UnreadTable;
};

/**
 * That none of n transactions was an exception doesn't say that there is none: one in n / 7 would have been seen with a probability of
 * 99.9 %, and so many are no surprise.
 */
const UNSEEN = 7;

const countOf = (table: UnreadTable | undefined): number | null => table?.rows ?? table?.count ?? null;

/** Undefined where there is no rule, or the tables can't be counted any more. */
export function stepOf(was: UnreadTable, seen: readonly Activity[], before: readonly UnreadTable[], after: readonly UnreadTable[]): Step | undefined {
  const at = (full: string) => (tables: readonly UnreadTable[]) => tables.find((table) => table.database === was.database && table.full === full);
  const activity = (full: string) => seen.find(({ database, table }) => database === was.database && table === full);
  const own = activity(was.full);
  if (!own || own.deleted > 0) return undefined;
  const grown = (full: string): number | undefined => {
    const [then, now] = [countOf(at(full)(before)), countOf(at(full)(after))];
    return then === null || now === null ? undefined : now - then;
  };
  const steps = (own.lockstep ?? []).flatMap(({ source: full, each, transactions }): Step[] => {
    const [source, is, must] = [at(full)(before), grown(was.full), grown(full)];
    if (!source || is === undefined || must === undefined || (activity(full)?.deleted ?? 0) > 0) return [];
    const off = is - each * must;
    const rule = `in normal service each of ${transactions} transactions that added a row to ${source.name} added ${each === 1 ? "one" : each} here`;
    return [{ even: off === 0, off: Math.abs(off), sure: Math.abs(off) > (UNSEEN * each * Math.max(must, 0)) / transactions, source, said: `it has ${Math.abs(off)} ${Math.abs(off) === 1 ? "row" : "rows"} ${off < 0 ? "fewer" : "more"} than it must: ${rule}, and since the start ${source.name} has grown by ${must}, this by ${is}` }];
  });
  return steps.find(({ even }) => even) ?? steps[0];
}
