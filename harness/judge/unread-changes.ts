// What changed in the part of a table that no entity reads, told from the facts before and after.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { literal } from "../evidence/duckdb.ts";
import type { UnreadTable } from "./run-record.ts";

/** So many rows are gone, new, or hold other values; null where the facts can't say. With a query that lists them. */
export type Changes = { readonly lost: number | null; readonly added: number | null; readonly changed: number | null; readonly columns: readonly string[]; readonly query: (what: What) => string; readonly examples: (what: What) => Promise<readonly unknown[]> };
export type What = "lost" | "added" | "changed";

const EXAMPLES = 5;

/** Undefined where nothing changed. */
export async function changesOf(was: UnreadTable, is: UnreadTable, database: EvidenceDatabase): Promise<Changes | undefined> {
  if (was.rows === null || is.rows === null) return undefined;
  const columns = is.columns.filter(({ name, read, checksum }) => !read && checksum !== null && checksum !== (was.columns.find((old) => old.name === name)?.checksum ?? null)).map(({ name }) => name);
  const all = was.columns.every((column) => is.columns.some(({ name }) => name === column.name)); // or the sums of whole rows are of other columns
  if (was.rows === is.rows && columns.length === 0 && (!all || was.checksum === is.checksum)) return undefined;
  if (was.file !== undefined && is.file !== undefined) return rowByRow(was.file, is.file, was.key.length > 0, columns, database);
  const [fewer, more] = [Math.max(0, was.rows - is.rows), Math.max(0, is.rows - was.rows)];
  const facts = `select t.name, t.rows, t.checksum from read_json(['before/unread.json', 'after/unread.json']) t where t."full" = ${literal(was.full)} and t."database" = ${literal(was.database)}`;
  return { lost: fewer, added: more, changed: was.rows === is.rows ? columns.length : null, columns, query: () => facts, examples: async () => [] };
}

async function rowByRow(before: string, after: string, keyed: boolean, columns: readonly string[], database: EvidenceDatabase): Promise<Changes> {
  const csv = (file: string) => `read_csv(${literal(file)}, columns = {key: 'VARCHAR', digest: 'BIGINT'}, auto_detect = false, header = true, nullstr = '', allow_quoted_nulls = false, delim = ',', quote = '"', escape = '"', new_line = '\\n', compression = 'zstd', hive_partitioning = false)`;
  const joined = keyed
    ? `select coalesce(b.key, a.key) as key, case when a.key is null then 'lost' when b.key is null then 'added' else 'changed' end as what, 1 as n
      from ${csv(before)} b full join ${csv(after)} a on a.key = b.key where a.digest is distinct from b.digest`
    // Without a key a changed row is one that is gone and one that is new.
    : `select null as key, unnest(case when n < 0 then ['lost', 'changed'] else ['added', 'changed'] end) as what, abs(n) as n from
      (select digest, sum(n) as n from (select digest, -1 as n from ${csv(before)} union all select digest, 1 as n from ${csv(after)}) group by digest having sum(n) <> 0)`;
  const rows = await database.rows(`select what, sum(n)::double as n from (${joined}) group by what`);
  const n = (what: What) => Number(rows.find((row) => row["what"] === what)?.["n"] ?? 0);
  const both = keyed ? n("changed") : Math.min(n("lost"), n("added"));
  const query = (what: What) => `select key, what from (${joined}) where what = '${what}' order by key limit 100`.replace(/\s+/g, " ");
  return {
    lost: n("lost") - (keyed ? 0 : both), added: n("added") - (keyed ? 0 : both), changed: both, columns, query,
    examples: async (what) => (keyed ? (await database.rows(`${query(what)}`)).slice(0, EXAMPLES).map((row) => row["key"]) : []),
  };
}
