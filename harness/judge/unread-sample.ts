// Of a table that clients write, a sample of its rows: does more of it differ than they account for?

import { literal, member } from "../evidence/duckdb.ts";
import { PATHS } from "../evidence/run-directory.ts";
import type { Activity, RunRecord, UnreadTable } from "./run-record.ts";

/** Rows of a sample by what became of them: each row's key, as a query prints it. */
export type Sampled = { readonly rows: number; readonly gone: readonly string[]; readonly changed: ReadonlyMap<string, readonly string[]> };

/**
 * What of a sample clients don't account for. `changed` are columns that they were seen not to change. `excess` are those that they do change,
 * or may, in fewer rows than these: whoever touches a row sets its time of change as well, so that is worth knowing, and accuses nobody.
 * `open` are columns of which they may have done it all.
 */
export type Surplus = { readonly gone: readonly string[]; readonly changed: ReadonlyMap<string, readonly string[]>; readonly excess: ReadonlyMap<string, readonly string[]>; readonly open: readonly string[] };

/** What clients do to a table, and how much of it. */
export type Habits = {
  readonly update: boolean; readonly delete: boolean;
  /** As the ledger tells it of the whole run, by effects on the entities of the table. */
  readonly told: { readonly updates: number; readonly deletes: number };
  /** How many of these may have changed a column, where entities read a part of it; undefined where nobody tells. */
  readonly column: (name: string) => number | undefined;
  /** What was seen before the migration. */
  readonly activity: Activity | undefined;
  /** How many times as much they did in the whole run. */
  readonly times: number;
};

/** Undefined where the table had no sample, or it could not be looked up again. */
export function sampledOf({ sampled }: NonNullable<RunRecord["unread"]>, { database, full }: UnreadTable): Sampled | undefined {
  const of = <T extends { readonly database: string; readonly table: string; readonly key: readonly string[] }>(rows: readonly T[]) => new Map(rows.filter((row) => row.database === database && row.table === full).map((row) => [JSON.stringify(row.key), row]));
  const [before, after] = [of(sampled.before), of(sampled.after)];
  if (before.size === 0 || after.size === 0) return undefined;
  const gone: string[] = [];
  const changed = new Map<string, string[]>();
  for (const [id, was] of before) {
    const is = after.get(id);
    const key = was.key.join("/");
    if (!is) continue;
    if (is.xmin === null) gone.push(key);
    else for (const [column, digest] of Object.entries(is.digests)) if (digest !== was.digests[column]) changed.set(column, [...(changed.get(column) ?? []), key]);
  }
  return { rows: after.size, gone, changed };
}

/** So many rows of the sample say how clients write it: then a column that none of them changed is one that they don't change. */
export const TELLING = 3;
/** What is counted in a second or two varies: so many times as much is no surplus yet. */
const MARGIN = 3;
const FEW = 3;

/**
 * Clients that wrote rows of the sample before the migration showed which columns they change; where none of its rows was among what
 * they wrote, the number of their writes bounds how many of it they may have changed.
 */
export function surplusOf({ rows, gone, changed }: Sampled, table: UnreadTable, { update, delete: deletes, told, column: toldOf, activity, times }: Habits): Surplus {
  const share = rows / Math.max(rows, table.rows ?? rows);
  const sample = activity?.sample;
  const byNumber = (seen: number, declared: number) => MARGIN * (Math.max(seen * times, declared) * share + FEW);
  const mayChange = (column: string): number => {
    const shown = toldOf(column);
    if (!update && (shown ?? 0) === 0) return 0;
    const changedThen = sample?.changed[column] ?? 0;
    if (changedThen > 0) return MARGIN * (Math.max(changedThen * times, (shown ?? 0) * share) + FEW);
    if (shown !== undefined) return shown > 0 ? byNumber(0, shown) : 0;
    return (sample?.touched ?? 0) >= TELLING ? 0 : byNumber(activity?.updated ?? 0, told.updates);
  };
  const mayGo = deletes ? byNumber(activity?.deleted ?? 0, told.deletes) : 0;
  const [never, excess, open]: [Map<string, readonly string[]>, Map<string, readonly string[]>, string[]] = [new Map(), new Map(), []];
  for (const [column, keys] of changed) {
    const most = mayChange(column);
    if (most === 0) {
      never.set(column, keys);
      continue;
    }
    open.push(column);
    if (keys.length > most) excess.set(column, keys);
  }
  return { gone: gone.length > mayGo ? gone : [], changed: never, excess, open };
}

const ROWS = (when: "before" | "after") => `read_json(${literal(PATHS.sample[when])}, columns = {database: 'VARCHAR', "table": 'VARCHAR', key: 'VARCHAR[]', xmin: 'VARCHAR', digests: 'JSON'})`;

/** Lists those rows of the sample that are gone, or that hold something else in one of these columns. */
export function sampleQuery({ database, full }: UnreadTable, columns: readonly string[]): string {
  const differs = columns.length === 0 ? "a.xmin is null" : `a.xmin is not null and (${columns.map((column) => `${member("a.digests", column)} is distinct from ${member("b.digests", column)}`).join(" or ")})`;
  return `select b.key from ${ROWS("before")} b join ${ROWS("after")} a using ("database", "table", key) where b."database" = ${literal(database)} and b."table" = ${literal(full)} and ${differs} order by b.key limit 100`;
}
