// Tables of which the planner knows nothing more, and the operations that became slower by it.

import { z } from "zod";
import { literal } from "../evidence/duckdb.ts";
import { readJson } from "../evidence/run-directory.ts";
import type { Compared, Finding } from "./scorecard.ts";

const form = z.array(z.looseObject({ table: z.string(), columns: z.number(), reltuples: z.number() }));

/** Tables that had statistics before and have none now; none where nobody looked. */
export async function statisticsGone(directory: string): Promise<Finding[]> {
  const read = async (when: "before" | "after") => readJson<z.infer<typeof form>>(directory, `${when}/planner-statistics.json`, form);
  const [before, after] = [await read("before"), await read("after")];
  const now = new Map(after?.map((table) => [table.table, table]));
  return (before ?? []).flatMap((was): Finding[] => {
    const is = now.get(was.table);
    if (!is || was.columns === 0 || is.columns > 0) return [];
    return [{
      kind: "planner-statistics-gone", subject: was.table, count: 1, examples: [{ key: was.table, expected: `statistics of ${was.columns} columns`, held: "none" } satisfies Compared],
      detail: `the planner knew ${was.columns} of its columns before and knows none now${is.reltuples < 0 ? ", nor how many rows it has" : ""}: plans are guesses until it is analysed`,
      query: `select * from read_json('after/planner-statistics.json') where "table" = ${literal(was.table)}`,
    }];
  });
}

/** How many rows each table had by the planner's last count, after the way back; by `schema.table`. */
export async function countedRows(directory: string): Promise<ReadonlyMap<string, number>> {
  const tables = await readJson<z.infer<typeof form>>(directory, "after/planner-statistics.json", form);
  return new Map((tables ?? []).map(({ table, reltuples }) => [table, reltuples]));
}

/**
 * Slower operations under their likely cause. Without any, statistics that are gone are worth knowing, and no more: autovacuum makes them
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
