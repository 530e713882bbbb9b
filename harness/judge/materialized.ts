// Materialized views: whether each is as fresh as it was, relative to the tables that it is made of.

import { literal } from "../evidence/duckdb.ts";
import type { UnreadTable } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";

/** Who changes what a view is made of, or refreshes it, while clients are served. */
export type Writers = { readonly written: readonly string[]; readonly deleted: boolean; readonly refreshed: boolean };

/** `sure`: that it is harm and not only worth knowing. `rest` is what could not be told, for the coverage. */
export type Freshness = { readonly finding?: Finding; readonly sure: boolean; readonly rest?: string };

/**
 * A view that holds what it held is as fresh as it was: where its tables changed, that is told of them. One that holds something else was
 * refreshed, and must then be what its query gives; while clients write its tables nobody can tell. What its query did not give before
 * either, it need not give now: then there may be more to it.
 */
export function freshnessOf(was: UnreadTable, is: UnreadTable, { written, deleted, refreshed }: Writers): Freshness {
  const [old, now] = [was.view, is.view];
  if (!old || !now) return { sure: false, rest: "it is no materialized view any more" };
  if (old.holds === now.holds || now.gives === now.holds) return { sure: true };
  if (now.gives === null) return { sure: false, rest: `it holds other rows than before, and whether they are fresh is not known: ${now.why ?? "its query was not asked"}` };
  const given = Number(now.gives.split(" ")[0]);
  const stale = (detail: string): Finding => ({
    kind: "materialized-view-stale", subject: is.name, count: 1, detail, examples: [],
    query: `select t.name, t."view" from read_json(['before/unread.json', 'after/unread.json']) t where t."full" = ${literal(was.full)} and t."database" = ${literal(was.database)}`,
  });
  if (old.rows > 0 && now.rows === 0 && given > 0 && !deleted) return { sure: true, finding: stale(`it held ${old.rows} rows and holds none, where its query gives ${given}`) };
  if (refreshed) return { sure: true, rest: "clients refresh it: that it is populated was looked at, and not how fresh it is" };
  if (written.length > 0) return { sure: true, rest: `clients write ${written.join(", ")}, of which it is made: that it is populated was looked at, and not how fresh it is` };
  const fresh = old.gives === old.holds;
  return {
    sure: fresh,
    finding: stale(`it holds other rows than before (${old.rows} then, ${now.rows} now), and not what its query gives (${given}): it was refreshed at a moment when its tables held something else${fresh ? "" : "; before, it didn't hold what its query gives either"}`),
  };
}
