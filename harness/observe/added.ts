// Rows that clients add, in columns that no entity reads: what all of them have in common in normal service, and which later ones have not.

import pg from "pg";
import { sameValue } from "./same-value.ts";
import type { UnreadColumn } from "./unread.ts";

/**
 * How rows are told that were added since the baseline, whatever was written anew: by a column that only grows, and what it had grown to;
 * or by a key that none had then, of which a list is kept. `at`: what the server's clock said.
 */
export type Top = { readonly at: string } & ({ readonly grows: string; readonly above: string } | { readonly key: readonly string[] });

/** What all rows of normal service have in common in one column. `same`: one value, by its digest. */
export type Habit = { readonly is: "filled" | "empty" | "of the moment" | "distinct" } | { readonly is: "same"; readonly digest: string };

/** Rows above the top in normal service, and what they have in common. */
export type Habits = { readonly rows: number; readonly columns: Readonly<Record<string, readonly Habit[]>> };

/** In the end: rows above the top, and those of them that don't keep to a habit, with the keys of some. */
export type Unlike = { readonly rows: number; readonly columns: Readonly<Record<string, readonly { readonly habit: Habit["is"]; readonly rows: number; readonly keys: readonly string[] }[]>> };

/** `quoted`: as a query names it. */
type Table = { readonly quoted: string; readonly key: readonly string[]; readonly columns: readonly UnreadColumn[] };

/** Of fewer rows nothing is a habit. */
const LEAST = 10;
const INTEGERS = ["smallint", "integer", "bigint"];
const KEYS = 5;
/** Of larger tables no list of keys is kept. */
const MOST_KEYS = 20_000;

/** As text that compares byte by byte, whatever collations its columns have. */
const textOf = (key: readonly string[]) => `(concat_ws('/', ${key.map((column) => `t.${pg.escapeIdentifier(column)}`).join(", ")}) collate pg_catalog."C")`;
const digestOf = (key: readonly string[]) => `hashtextextended(${textOf(key)}, 0)`;

/** Undefined where new rows can't be told. @param grows columns that a sequence fills @returns and the digests of all keys, where they are the means */
export async function topOf(client: pg.Client, { quoted, key, columns }: Table, grows: readonly string[], rows: number): Promise<{ readonly top: Top; readonly old?: readonly string[] } | undefined> {
  const only = key.length === 1 && INTEGERS.includes(columns.find(({ name }) => name === key[0])?.type ?? "") ? key[0] : grows[0];
  const at = "extract(epoch from clock_timestamp())::text as at";
  if (only !== undefined) {
    const { rows: [row] } = await client.query<{ above: string; at: string }>(`select coalesce(max(${pg.escapeIdentifier(only)}), 0)::text as above, ${at} from ${quoted}`);
    return row && { top: { ...row, grows: only } };
  }
  if (key.length === 0 || rows > MOST_KEYS) return undefined;
  const { rows: [row] } = await client.query<{ old: string[] | null; at: string }>(`select array_agg(${digestOf(key)}::text) as old, ${at} from ${quoted} t`);
  return row && { top: { at: row.at, key }, old: row.old ?? [] };
}

/** Each column that no entity reads as it is, as SQL. `away`: whether it holds a time that is not of the moment, give or take a second; of what is none, null. */
function asked({ columns }: Table, top: Top): { readonly name: string; readonly value: string; readonly digest: string; readonly away: string | undefined }[] {
  const own = "grows" in top ? [top.grows] : top.key;
  const [from, to] = [`to_timestamp(${top.at}) - interval '1 second'`, "now() + interval '1 second'"];
  const inUtc = (time: string, type: string) => `((${time}) at time zone 'UTC')::${type}`;
  return columns.filter(({ name, read }) => !read && !own.includes(name)).map((column) => {
    const value = `t.${pg.escapeIdentifier(column.name)}`;
    const away = column.type.startsWith("timestamp") && column.type.endsWith("with time zone") ? `${value} not between ${from} and ${to}`
      : column.type.startsWith("timestamp") ? `${value} not between ${inUtc(from, "timestamp")} and ${inUtc(to, "timestamp")}`
        : column.type === "date" ? `${value} not between ${inUtc(from, "date")} and ${inUtc(to, "date")}` : undefined;
    return { name: column.name, value, digest: `hashtextextended(${sameValue(value, column.form)}, 0)`, away };
  });
}

/** The new rows, as t, and their key as text. */
function added({ quoted }: Table, top: Top, old: readonly string[]): { readonly from: string; readonly key: string; readonly values: readonly unknown[] } {
  if ("grows" in top) return { from: `from ${quoted} t where t.${pg.escapeIdentifier(top.grows)} > ${top.above}`, key: `t.${pg.escapeIdentifier(top.grows)}::text`, values: [] };
  return { from: `from ${quoted} t where ${digestOf(top.key)} not in (select unnest($1::bigint[]))`, key: textOf(top.key), values: [old] };
}

/** In the caller's transaction. Undefined where clients added too few to say. @param old as `topOf` gave them */
export async function habitsOf(client: pg.Client, table: Table, top: Top, old: readonly string[]): Promise<Habits | undefined> {
  const columns = asked(table, top);
  if (columns.length === 0) return undefined;
  const { from, values } = added(table, top, old);
  const counts = columns.map(({ value, digest, away }) => `, (count(*) filter (where ${value} is null))::int, count(distinct ${digest})::int, min(${digest})::text, (count(*) filter (where ${away ?? "true"}))::int`).join("");
  const { rows: [row] } = await client.query<[number, ...(number | string | null)[]]>({ text: `select count(*)::int${counts} ${from}`, values: [...values], rowMode: "array" });
  const [rows = 0, ...found] = row ?? [];
  if (rows < LEAST) return undefined;
  return { rows, columns: Object.fromEntries(columns.map(({ name }, i): [string, Habit[]] => {
    const [empty, distinct, digest, away] = found.slice(4 * i, 4 * i + 4);
    if (empty === rows) return [name, [{ is: "empty" }]];
    if (empty !== 0) return [name, []];
    const one: Habit[] = away === 0 ? [{ is: "of the moment" }] : distinct === 1 ? [{ is: "same", digest: String(digest) }] : [];
    return [name, [{ is: "filled" }, ...one, ...(distinct === rows ? [{ is: "distinct" } as const] : [])]];
  })) };
}

/** In the caller's transaction. @param old as `topOf` gave them */
export async function unlike(client: pg.Client, table: Table, top: Top, habits: Habits, old: readonly string[]): Promise<Unlike> {
  const columns = asked(table, top).flatMap((column) => (habits.columns[column.name] ?? []).map((habit) => ({ ...column, habit })));
  const against = ({ habit, value, digest, away }: (typeof columns)[number]): string =>
    habit.is === "filled" ? `${value} is null` : habit.is === "empty" ? `${value} is not null` : habit.is === "same" ? `${digest} <> ${habit.digest}` : away ?? "false";
  const { from, key, values } = added(table, top, old);
  const counts = columns.map((column) => (column.habit.is === "distinct" ? `, (count(${column.value}) - count(distinct ${column.digest}))::int, null::text[]`
    : `, (count(*) filter (where ${against(column)}))::int, (array_agg(${key} order by ${key}) filter (where ${against(column)}))[1:${KEYS}]`)).join("");
  const { rows: [row] } = await client.query<[number, ...(number | string[] | null)[]]>({ text: `select count(*)::int${counts} ${from}`, values: [...values], rowMode: "array" });
  const [rows = 0, ...found] = row ?? [];
  const told = columns.map(({ name, habit }, i) => ({ name, habit: habit.is, rows: Number(found[2 * i] ?? 0), keys: (found[2 * i + 1] as string[] | null) ?? [] })).filter((one) => one.rows > 0);
  return { rows, columns: Object.fromEntries([...Map.groupBy(told, ({ name }) => name)].map(([name, all]) => [name, all.map(({ habit, rows: n, keys }) => ({ habit, rows: n, keys }))])) };
}
