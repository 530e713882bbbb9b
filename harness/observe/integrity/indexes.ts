// Indexes: those that are not valid, and those that don't hold what their table holds.

import type pg from "pg";
import { USER, attempt, keysOfEach, withoutIndexes, type Asked, type Check, type IntegrityFact } from "./fact.ts";

export const invalidIndexes: Check = async (client) => {
  const query = `select i.indexrelid::regclass::text as subject, concat_ws(', ', case when not indisvalid then 'not valid' end,
      case when not indisready then 'not ready' end, case when not indislive then 'not live' end) as detail
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where not (indisvalid and indisready and indislive) and ${USER} order by 1`;
  const { rows } = await client.query<{ subject: string; detail: string }>(query);
  return rows.map(({ subject, detail }) => ({ kind: "invalid-index" as const, subject, count: 1, detail, query: query.replace(/\s+/g, " ") }));
};

type Indexed = { readonly subject: string; readonly unique: boolean; /** One that amcheck can look into. */ readonly whole: boolean; readonly scan: string };

/**
 * Whether btree indexes hold what their tables hold, by amcheck with heapallindexed, which also finds rows that an index lacks (as in
 * 14.0 to 14.3); and whether what is unique is. Where all rows are in an index that is in order, its neighbours tell (checkunique, since 17);
 * whatever else is unique is recomputed by a scan of the table, for an index that was not kept up doesn't know its duplicates.
 */
export const indexes: Check = async (client) => {
  const { rows: [server] } = await client.query<{ neighbours: boolean }>("select to_regprocedure('bt_index_check(regclass, boolean, boolean)') is not null as neighbours");
  const { rows } = await client.query<Indexed>(`
    select i.indexrelid::regclass::text as subject, i.indisunique as unique, a.amname = 'btree' and c.relpersistence <> 't' and i.indisvalid and i.indisready as whole,
      format('select min(concat_ws('', '', %4$s) collate "C") as key from only %1$s c where %2$s group by %3$s having count(*) > 1', i.indrelid::regclass,
        concat_ws(' and ', coalesce('(' || pg_get_expr(i.indpred, i.indrelid) || ')', 'true'), case when not i.indnullsnotdistinct then 'num_nulls(' || plain || ') = 0' end), keys, plain) as scan
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      cross join lateral (select string_agg(d, ', ' order by k) as plain, string_agg(concat(d, ' collate ' || case when l.oid is not null then format('%I.%I', m.nspname, l.collname) end), ', ' order by k) as keys
        from generate_series(1, i.indnkeyatts) k cross join lateral (select '(' || pg_get_indexdef(i.indexrelid, k, true) || ')' as d) e
          left join pg_collation l on l.oid = i.indcollation[k - 1] and l.collname <> 'default' left join pg_namespace m on m.oid = l.collnamespace) z
    where c.relkind = 'i' and t.relkind in ('r', 'm') and t.relispopulated and ${USER} order by 1`);
  const broken = new Map<string, IntegrityFact>();
  const [settled, scanned]: [Asked[], Asked[]] = [[], []];
  for (const { subject, unique, whole, scan } of rows) {
    const neighbours = unique && (server?.neighbours ?? false);
    const found = whole ? await brokenIndex(client, subject, neighbours) : undefined;
    if (found) broken.set(subject, found);
    if (unique) (whole && neighbours && !found ? settled : scanned).push({ subject, query: scan.replace(/\s+/g, " ") });
  }
  const facts = settled.map(({ subject, query }): IntegrityFact => ({ kind: "duplicates", subject, count: 0, detail: "0 values more than once", query }));
  const twice = await withoutIndexes(client, () => keysOfEach(client, "duplicates", scanned, "values more than once"));
  // Of two neighbours that are alike amcheck says that the index is broken; which rows are, the scan knows.
  for (const { kind, subject, count } of twice) if (kind === "duplicates" && count > 0 && UNIQUENESS.test(broken.get(subject)?.detail ?? "")) broken.delete(subject);
  return [...broken.values(), ...facts, ...twice];
};

const UNIQUENESS = /uniqueness/;

async function brokenIndex(client: pg.Client, subject: string, neighbours: boolean): Promise<IntegrityFact | undefined> {
  const query = `select bt_index_check('${subject.replaceAll("'", "''")}'::regclass, true${neighbours ? ", true" : ""})`;
  const answer = await attempt(client, query);
  if ("rows" in answer) return undefined;
  // index_corrupted or data_corrupted; anything else means that we could not look
  return { kind: answer.code === "XX002" || answer.code === "XX001" ? "corrupt-index" : "unchecked", subject, count: 1, detail: answer.message, query };
}
