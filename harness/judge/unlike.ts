// What rows that clients add hold where no entity reads it: those since the migration began must have in common what those of normal service had.

import { literal } from "../evidence/duckdb.ts";
import { byChance } from "./chance.ts";
import type { Activity, Unlike, UnreadTable } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";
import { TELLING } from "./unread-sample.ts";

/** What is less likely than this is no chance. */
const CHANCE = 0.01;

const SAYS = {
  filled: (n: string, column: string) => `${n} no value in ${column}`,
  empty: (n: string, column: string) => `${n} a value in ${column}`,
  same: (n: string, column: string) => `${n} another value in ${column}`,
  "of the moment": (n: string, column: string) => `${n} a time in ${column} that is not that of the run`,
  distinct: (n: string, column: string) => `${n} a value in ${column} that another one holds, too`,
} satisfies Record<HabitName, (n: string, column: string) => string>;
type HabitName = Unlike["columns"][string][number]["habit"];

/** Changes by clients themselves may make a row unlike others: only where they were seen to leave the column alone is it known that they didn't. */
function leftAlone(column: string, { updated, sample }: Activity, told: (column: string) => number | undefined): boolean {
  if (updated === 0 && (told(column) ?? 0) === 0) return true;
  return (sample?.touched ?? 0) >= TELLING && (sample?.changed[column] ?? 0) === 0 && (told(column) ?? 0) === 0;
}

export type Circumstances = {
  /** A clock was set wrong on purpose. */
  readonly skewed: boolean;
  /** How many effects may have changed a column; undefined where nobody tells. */
  readonly told: (column: string) => number | undefined;
};

/** One finding a column at most, of what says most. */
export function unlikeOf(was: UnreadTable, is: UnreadTable, activity: Activity | undefined, { skewed, told }: Circumstances): Finding[] {
  const habits = activity?.habits;
  if (!activity || !habits || !is.unlike || is.unlike.rows <= habits.rows) return [];
  const later = is.unlike.rows - habits.rows;
  return Object.entries(is.unlike.columns).flatMap(([column, all]): Finding[] => {
    if (!leftAlone(column, activity, told)) return [];
    const sure = all.find(({ habit, rows }) => !(habit === "of the moment" && skewed) && !isChance(habit, rows, habits.rows, is.unlike?.rows ?? 0));
    return sure ? [{ kind: "unread-rows-unlike", subject: was.name, count: sure.rows, fields: [column], examples: sure.keys, query: factsQuery(was),
      detail: `of ${later} ${later === 1 ? "row" : "rows"} that were added since the migration began, ${SAYS[sure.habit](`${sure.rows} ${sure.rows === 1 ? "holds" : "hold"}`, column)}: in normal service none of ${habits.rows} did; no entity reads it` }] : [];
  });
}

/** Values drawn from few are alike by chance, the more the more rows there are: of n, with none alike, they are from more than n² / 10. */
const isChance = (habit: HabitName, exceptions: number, seen: number, all: number): boolean =>
  habit === "distinct" ? exceptions <= 5 * (all / seen) ** 2 : byChance(exceptions, Math.max(all - seen, exceptions), seen) >= CHANCE;

const factsQuery = ({ database, full }: UnreadTable) => `select unlike from read_json('after/unread.json') where "database" = ${literal(database)} and "full" = ${literal(full)}`;
