// Tables of which the planner knows nothing more, and the operations that became slower by it.

import { z } from "zod";
import { literal } from "../evidence/duckdb.ts";
import { readJson } from "../evidence/run-directory.ts";
import type { Compared, Finding } from "./scorecard.ts";

const names = z.array(z.string()).optional();
const form = z.array(z.looseObject({ table: z.string(), columns: z.number(), reltuples: z.number(), described: names, undescribed: names }));
type Known = z.infer<typeof form>[number];

/** Tables of which the planner knew more before; none where nobody looked. */
export async function statisticsGone(directory: string): Promise<Finding[]> {
  const read = async (when: "before" | "after") => readJson<Known[]>(directory, `${when}/planner-statistics.json`, form);
  const [before, after] = [await read("before"), await read("after")];
  const now = new Map(after?.map((table) => [table.table, table]));
  return (before ?? []).flatMap((was): Finding[] => {
    const is = now.get(was.table);
    const lost = is && lostOf(was, is);
    if (!is || lost === undefined) return [];
    return [{
      kind: "planner-statistics-gone", subject: was.table, count: 1, examples: [{ key: was.table, expected: `statistics of ${was.columns} columns`, held: is.columns === 0 ? "none" : `of ${is.columns}` } satisfies Compared],
      detail: `the planner knew ${lost.join(", and ")} before, and doesn't now: its plans are guesses until ANALYZE ${was.table}`,
      query: `select * from read_json('after/planner-statistics.json') where "table" = ${literal(was.table)}`,
    }];
  });
}

const MOST_NAMED = 5;

/** In words; undefined where all is known that was. A column that is not there any more misses no statistics. */
function lostOf(was: Known, is: Known): readonly string[] | undefined {
  const gone = is.columns === 0 ? [] : (was.described ?? []).filter((column) => is.undescribed?.includes(column));
  const more = gone.length > MOST_NAMED ? ` and ${gone.length - MOST_NAMED} more` : "";
  const lost = [
    ...(was.columns > 0 && is.columns === 0 ? [`what ${was.columns} of its columns hold`] : []),
    ...(gone.length > 0 ? [`what ${gone.slice(0, MOST_NAMED).join(", ")}${more} ${gone.length === 1 ? "holds" : "hold"}`] : []),
    ...(was.reltuples >= 0 && is.reltuples < 0 ? ["how many rows it has"] : []),
  ];
  return lost.length > 0 ? lost : undefined;
}

/** How many rows each table had by the planner's last count, after the way back or before the migration; by `schema.table`. */
export async function countedRows(directory: string, when: "before" | "after" = "after"): Promise<ReadonlyMap<string, number>> {
  const tables = await readJson<z.infer<typeof form>>(directory, `${when}/planner-statistics.json`, form);
  return new Map((tables ?? []).map(({ table, reltuples }) => [table, reltuples]));
}

/**
 * Slower operations under their probable cause. Without any, statistics that are gone are worth knowing, and no more: autovacuum makes them
 * again.
 */
export function underStatistics(gone: readonly Finding[], service: readonly Finding[]): { readonly findings: readonly Finding[]; readonly warnings: readonly Finding[] } {
  const slower = service.filter(({ kind }) => kind === "operation-slower");
  const [cause] = gone;
  if (!cause || slower.length === 0) return { findings: service, warnings: gone };
  const told: Finding = {
    ...cause, subject: gone.map(({ subject }) => subject).join(", "), count: gone.length, examples: gone.flatMap(({ examples }) => examples),
    consequences: slower.map(({ kind, subject, detail }) => ({ kind, subject, detail })),
  };
  return { findings: [told, ...service.filter(({ kind }) => kind !== "operation-slower")], warnings: [] };
}
