// A sample of rows, each looked at again by its key: of a table that clients write, whose every row can't be expected to stay.

import pg from "pg";
import { sameValue } from "./same-value.ts";
import type { UnreadColumn, UnreadTable } from "./unread.ts";

/** One row: its key's values as text, the transaction that wrote it, and a digest of each column that no entity reads. */
export type SampledRow = { readonly database: string; readonly table: string; readonly key: readonly string[]; /** Null where the row is not there any more. */ readonly xmin: string | null; readonly digests: Readonly<Record<string, string | null>> };

/** What clients did to the sample in normal service. */
export type SampleWritten = { readonly rows: number; /** Not there any more. */ readonly gone: number; /** Written anew, whatever changed. */ readonly touched: number; /** By column: in how many rows it holds something else. */ readonly changed: Readonly<Record<string, number>> };

export const MOST_SAMPLED = 1_000;
const MOST_IN_ALL = 20_000;

type Of = Pick<UnreadTable, "database" | "full" | "quoted" | "key" | "columns">;

const asValue = ({ name, form }: Pick<UnreadColumn, "name" | "form">) => sameValue(`t.${pg.escapeIdentifier(name)}`, form);
const digests = (columns: readonly UnreadColumn[]) => `array[${columns.map((column) => `hashtextextended(${asValue(column)}, 0)::text`).join(", ")}]::text[]`;
const unreadOf = ({ columns }: Of) => columns.filter(({ read }) => !read);
const row = ({ database, full }: Of, columns: readonly UnreadColumn[], key: readonly string[], { xmin, digests: found }: { readonly xmin: string | null; readonly digests: readonly (string | null)[] | null }): SampledRow =>
  ({ database, table: full, key, xmin, digests: Object.fromEntries(columns.map(({ name }, i) => [name, found?.[i] ?? null])) });

/** Rows at random, and always the same ones. Without a primary key there is none. @param tables how many there are in all, to share the room */
export async function takeSample(client: pg.Client, table: Of, tables: number): Promise<SampledRow[]> {
  if (table.key.length === 0) return [];
  const columns = unreadOf(table);
  const keys = table.key.map((column) => asValue(table.columns.find(({ name }) => name === column) ?? { name: column }));
  const { rows } = await client.query<{ key: string[]; xmin: string; digests: (string | null)[] }>(`
    select array[${keys.join(", ")}] as key, t.xmin::text as xmin, ${digests(columns)} as digests from ${table.quoted} t
    order by hashtextextended(concat_ws('/', ${keys.join(", ")}), 0) limit ${Math.max(1, Math.min(MOST_SAMPLED, Math.floor(MOST_IN_ALL / tables)))}`);
  return rows.map((one) => row(table, columns, one.key, one));
}

/** The same rows again, found by their keys. None where the table, its key or the columns are others than they were. */
export async function lookAgain(client: pg.Client, table: Of, sample: readonly SampledRow[]): Promise<SampledRow[]> {
  const [columns, first] = [unreadOf(table), sample[0]];
  const types = table.key.map((column) => table.columns.find(({ name }) => name === column)?.type);
  if (!first || types.includes(undefined) || columns.length === 0) return [];
  const same = table.key.map((column, i) => `t.${pg.escapeIdentifier(column)} = s.k${i}::${types[i]}`).join(" and ");
  await client.query("savepoint sample");
  try {
    const { rows } = await client.query<{ n: number; xmin: string | null; digests: (string | null)[] | null }>(`
      select s.n::int as n, found.xmin, found.digests from unnest(${table.key.map((_, i) => `$${i + 1}::text[]`).join(", ")}) with ordinality s (${table.key.map((_, i) => `k${i}`).join(", ")}, n)
      left join lateral (select t.xmin::text as xmin, ${digests(columns)} as digests from ${table.quoted} t where ${same}) found on true order by s.n`, table.key.map((_, i) => sample.map(({ key }) => key[i])));
    await client.query("release savepoint sample");
    return rows.map((found) => row(table, columns, sample[found.n - 1]?.key ?? [], found));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query("rollback to savepoint sample"); // who reads all of it says why it can't be read
    return [];
  }
}

export function differing(was: readonly SampledRow[], is: readonly SampledRow[]): SampleWritten {
  const changed: Record<string, number> = {};
  let [gone, touched] = [0, 0];
  is.forEach((now, i) => {
    const then = was[i];
    if (!then) return;
    if (now.xmin === null) return void (gone += 1);
    if (now.xmin !== then.xmin) touched += 1;
    for (const [column, digest] of Object.entries(now.digests)) if (digest !== then.digests[column]) changed[column] = (changed[column] ?? 0) + 1;
  });
  return { rows: is.length, gone, touched, changed };
}
