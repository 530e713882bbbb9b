// Data that no entity reads: rows and a checksum of each column, in any order, so that a change of it is not passed over.

import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import pg from "pg";
import copy from "pg-copy-streams";
import { sha256 } from "../base/files.ts";
import { PATHS, readJson, type EvidenceWriter, type FactsWhen } from "../evidence/run-directory.ts";
import type { System } from "../drill/system.ts";
import type { Activity } from "./activity.ts";
import { topOf, unlike, type Habits, type Top, type Unlike } from "./added.ts";
import { columnsRead, type Reads, type Through } from "./columns-read.ts";
import { Views, type ViewFacts } from "./materialized.ts";
import { formsOf, sameValue, type Form } from "./same-value.ts";
import { lookAgain, takeSample, type SampledRow } from "./sample.ts";

/** A table as the catalogue has it; its partitions count as it. */
type Listed = {
  readonly name: string; readonly full: string; readonly quoted: string; readonly kind: "r" | "p" | "m" | "f"; /** It, or a part of it. */ readonly unlogged: boolean; readonly populated: boolean; readonly extension: boolean;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly oid: number; /** A sequence fills it. */ readonly grows: boolean; /** A trigger of the table sets it in every row that is written. */ readonly stamped: boolean }[];
  readonly key: readonly string[];
  /** What it inherits from, up to the first: who reads them reads its rows. */
  readonly parents: readonly string[];
  /** Tables whose deleted or changed rows take rows of this one with them. */
  readonly cascades: readonly string[];
  /** Triggers that name this table in what they run: the table that they are on, and what they may do. */
  readonly triggers: readonly { readonly on: string; readonly does: readonly string[] }[];
};

/** `read`: records hold each of its values as it is. `through`: entities that read it otherwise. `form`: how its values become text, where that isn't as the server prints them. */
export type UnreadColumn = { readonly name: string; readonly type: string; readonly read: boolean; readonly through?: readonly Through[]; readonly checksum: string | null; readonly form?: Form; readonly stamped?: boolean };
export type UnreadTable = {
  readonly database: string; readonly name: string; readonly full: string;
  /** As a query names it: what inherits from it is a table of its own. */
  readonly quoted: string;
  /** Null where the table was not looked at; `why` says so, unless entities read all of it. */
  readonly rows: number | null; readonly why?: string;
  /** How many rows it has, where entities read all of it. */
  readonly count?: number;
  /** Of all that no entity reads of each row: values that changed places between rows change no column's checksum. */
  readonly checksum: string | null;
  readonly columns: readonly UnreadColumn[];
  readonly entities: readonly string[];
  /** Entities that read it, and whose records are not as many as its rows. */
  readonly leaveOut?: readonly string[];
  readonly key: readonly string[];
  readonly cascades: readonly string[];
  readonly triggers: Listed["triggers"];
  /** What it inherits from: a view of a parent is made of its rows as well. */
  readonly parents?: readonly string[];
  /** Each row's key and digest, where there are not too many. */
  readonly file?: string;
  /** Of an unlogged table, which PostgreSQL empties when it comes back from a crash or a backup: since when the server counts, which it does anew then. */
  readonly unloggedSince?: string;
  /** Of a materialized view: its rows follow from other tables. */
  readonly view?: ViewFacts;
  /** Before: which rows are new is told by their keys. */
  readonly top?: Top;
  /** After: new rows that are not as those of normal service were. */
  readonly unlike?: Unlike;
};

/** So many rows are written one by one, of a table that entities read in part and of others: the judge then knows which are gone. */
const MOST_ROWS = 200_000;
const MOST_ROWS_IN_PART = 50_000;
const RELATIONS_OF_OURS = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'turnback')";

const LIST = `
  with tables as (
    select c.oid, c.oid::regclass::text as name, n.nspname || '.' || c.relname as "full", format('%I.%I', n.nspname, c.relname) as quoted, c.relname, c.relkind::text as kind, (c.relpersistence = 'u' or exists (select from pg_partition_tree(c.oid) p join pg_class part on part.oid = p.relid where part.relpersistence = 'u')) as unlogged, c.relispopulated as populated,
      exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e') as extension
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm', 'f') and not c.relispartition and c.relpersistence <> 't' and ${RELATIONS_OF_OURS})
  select t.name, t."full", t.quoted, t.kind, t.unlogged, t.populated, t.extension,
    (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'oid', a.atttypid::int8,
        'stamped', exists (select from pg_trigger g join pg_proc p on p.oid = g.tgfoid where g.tgrelid = t.oid and not g.tgisinternal and g.tgtype & 19 = 19 and p.prosrc ~* ('(;|\\mbegin|\\mthen|\\melse)\\s*new\\."?' || regexp_replace(a.attname, '(\\W)', '\\\\\\1', 'g') || '"?\\s*:?=')),
        'grows', a.attidentity <> '' or exists (select from pg_attrdef d where d.adrelid = t.oid and d.adnum = a.attnum and pg_get_expr(d.adbin, d.adrelid) like 'nextval(%' and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))) order by a.attnum), '[]')
      from pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
    (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_index i join pg_attribute a on a.attrelid = t.oid and a.attnum = any (i.indkey) where i.indrelid = t.oid and i.indisprimary) as key,
    (with recursive up as (select inhparent from pg_inherits where inhrelid = t.oid union select i.inhparent from up join pg_inherits i on i.inhrelid = up.inhparent)
      select coalesce(json_agg(un.nspname || '.' || u.relname), '[]') from up join pg_class u on u.oid = up.inhparent join pg_namespace un on un.oid = u.relnamespace) as parents,
    (select coalesce(json_agg(distinct pn.nspname || '.' || p.relname), '[]') from pg_constraint k join pg_class p on p.oid = k.confrelid join pg_namespace pn on pn.oid = p.relnamespace
      where k.conrelid = t.oid and k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'))) as cascades,
    (select coalesce(json_agg(json_build_object('on', on_n.nspname || '.' || on_t.relname, 'does', (
        select coalesce(json_agg(verb), '[]') from unnest(array['insert', 'update', 'delete']) verb where p.prosrc ~* ('\\m' || verb || '\\M')))), '[]')
      from pg_trigger g join pg_proc p on p.oid = g.tgfoid join pg_class on_t on on_t.oid = g.tgrelid join pg_namespace on_n on on_n.oid = on_t.relnamespace
      where not g.tgisinternal and p.prosrc ~* ('\\m' || regexp_replace(t.relname, '(\\W)', '\\\\\\1', 'g') || '\\M')) as triggers
  from tables t order by t."full"`;

const whyNot = ({ kind, extension, populated }: Listed): string | undefined =>
  kind === "f" ? "a foreign table: its rows are elsewhere" : extension ? "it belongs to an extension" : populated ? undefined : "a materialized view that is not populated: it has no rows";

/** Which columns entities read: to find out, a view of each query is made, in a transaction of its own that ends rolled back. */
export async function readsOf(client: pg.Client, system: System, findTables: () => Promise<unknown>): Promise<Reads> {
  await client.query("begin read write"); // a temporary view is one that is written
  try {
    await findTables();
    return await columnsRead(client, system);
  } finally {
    await client.query("rollback");
  }
}

/** What is known of each table, and a sample of its rows. */
export type Unread = { readonly tables: readonly UnreadTable[]; readonly sampled: readonly SampledRow[]; readonly keys: OldKeys };

/** Digests of the keys that tables had before, by `keyOf`, where new rows are told by them. */
export type OldKeys = Readonly<Record<string, readonly string[]>>;
export const keyOf = ({ database, full }: Pick<UnreadTable, "database" | "full">): string => `${database} ${full}`;

/** Of one database, in the caller's transaction. @param reads of before; afterwards that is looked at which was looked at before */
export async function unreadFacts(client: pg.Client, evidence: EvidenceWriter, when: FactsWhen, { database = "", reads }: { readonly database?: string | undefined; readonly reads: Reads | undefined }): Promise<Unread> {
  const before = when === "after" ? await readJson<UnreadTable[]>(evidence.directory, "before/unread.json") : undefined;
  if (when === "after" && !before) return { tables: [], sampled: [], keys: {} };
  const earlier = Map.groupBy(((before && (await readJson<SampledRow[]>(evidence.directory, PATHS.sample.before))) ?? []).filter((row) => row.database === database), ({ table }) => table);
  const activity = ((before && (await readJson<Activity[]>(evidence.directory, PATHS.activity))) ?? []).filter((one) => one.database === database);
  const written = activity.filter((one) => one.inserted + one.updated + one.deleted > 0).map(({ table }) => table);
  const tables: UnreadTable[] = [];
  const all = (await client.query<Listed>(LIST)).rows;
  const forms = await formsOf(client, all.flatMap(({ columns }) => columns.map(({ oid }) => oid)));
  const views = await Views.of(client);
  const keys: Record<string, readonly string[]> = { ...(before && (await readJson<OldKeys>(evidence.directory, PATHS.keys))) };
  for (const listed of all) {
    const old = before?.find((table) => table.database === database && table.full === listed.full);
    if (before && !old) continue;
    tables.push(await tableFacts(client, listed, evidence, { when, database, reads, forms, old, views, written: written.includes(listed.full), keys, habits: activity.find(({ table }) => table === listed.full)?.habits }));
  }
  const sampled: SampledRow[] = [];
  const looked = tables.filter(({ rows }) => rows !== null);
  // A key that evidence may not show could not be looked up again.
  const shown = ({ key }: SampledRow) => JSON.stringify(evidence.redactor.redactData(key)) === JSON.stringify(key);
  for (const table of looked) {
    if (before) sampled.push(...(await lookAgain(client, table, earlier.get(table.full) ?? [])));
    else sampled.push(...(await takeSample(client, table, looked.length)).filter(shown));
  }
  return { tables, sampled, keys };
}

type Asked = { readonly when: FactsWhen; readonly database: string; readonly reads: Reads | undefined; readonly forms: ReadonlyMap<number, Form>; readonly old: UnreadTable | undefined; readonly views: Views; /** Clients were seen to write it. */ readonly written: boolean; /** Filled before, read afterwards. */ readonly keys: Record<string, readonly string[]>; /** What rows that they added had in common. */ readonly habits: Habits | undefined };

/** @param asked of afterwards what was looked at before: only that can be compared */
async function tableFacts(client: pg.Client, listed: Listed, evidence: EvidenceWriter, { when, database, reads, forms, old, views, written, keys, habits }: Asked): Promise<UnreadTable> {
  const { name, full, key, cascades, triggers } = listed;
  const as = [full, ...listed.parents];
  const read = (column: string) => old?.columns.find((other) => other.name === column)?.read ?? as.some((table) => reads?.whole(table, column)) ?? false;
  const through = (column: string) => as.flatMap((table) => reads?.inPart(table, column) ?? []);
  const same = listed.columns.filter((column) => !old || old.columns.some((other) => other.name === column.name && other.type === column.type));
  const from = `${listed.kind === "p" ? "" : "only "}${listed.quoted}`;
  const base = { database, name, full, quoted: from, key: old?.key ?? key, cascades, triggers, ...(listed.parents.length > 0 && { parents: listed.parents }), checksum: null, entities: old?.entities ?? as.flatMap((table) => reads?.entities(table) ?? []), leaveOut: old?.leaveOut ?? as.flatMap((table) => reads?.leaveOut(table) ?? []) };
  const columns = same.map(({ name: column, type, oid, stamped }) => ({ name: column, type, read: read(column), checksum: null, ...(stamped && { stamped }), ...(forms.has(oid) && { form: forms.get(oid) as Form }), ...(!read(column) && through(column).length > 0 && { through: through(column) }) }));
  const unread = columns.filter((column) => !column.read);
  const why = whyNot(listed);
  if (why !== undefined) return { ...base, rows: null, why, columns };
  await client.query("savepoint unread");
  try {
    if (unread.length === 0) return { ...base, rows: null, columns, count: Number((await client.query<{ n: string }>(`select count(*) as n from ${from}`)).rows[0]?.n) };
    if (listed.kind === "m") {
      const whole = listed.columns.map(({ name: column, oid }) => ({ name: column, text: asValue({ name: column, form: forms.get(oid) }) }));
      const view = await views.facts(full, listed.quoted, whole, old?.view);
      return { ...base, rows: view.rows, columns, view };
    }
    const since = listed.unlogged ? { unloggedSince: await countingSince(client) } : {};
    const texts = unread.map(asValue);
    // Of rows that can't be told apart, and that clients write, a checksum says nothing.
    const sums = written && old?.file === undefined ? "" : [...(texts.length > 1 ? [`row(${texts.join(", ")})::text`] : texts), ...texts].map((text) => `, sum(hashtextextended(${text}, 0))::text`).join("");
    const { rows: answer } = await client.query<[number, ...(string | null)[]]>({ text: `select count(*)::int${sums} from ${from}`, rowMode: "array" });
    const [rows, checksum = null, ...checksums] = answer[0] ?? [0];
    const summed = new Map(unread.map((column, i) => [column.name, sums === "" ? null : checksums[i] ?? "0"]));
    const inPart = base.entities.length > 0;
    const wanted = when === "before" ? rows <= (inPart ? MOST_ROWS_IN_PART : MOST_ROWS) && (!inPart || key.length > 0) : old?.file !== undefined && rows <= 5 * MOST_ROWS;
    // What is compared row by row must be the same columns: those of before, in their order.
    const digested = old ? old.columns.filter((column) => !column.read).map((column) => column.name) : unread.map((column) => column.name);
    const comparable = [...base.key, ...digested].every((column) => same.some((there) => there.name === column));
    const of = (names: readonly string[]) => names.map((column) => asValue(columns.find((there) => there.name === column) ?? { name: column }));
    const file = wanted && comparable ? await writeRows(client, evidence, old?.file?.replace("before/", "after/") ?? `${when}/rows-${sha256(`${database} ${full}`).slice(0, 12)}.csv.zst`, { from, key: of(base.key), digested: of(digested) }) : undefined;
    const found = old ? undefined : await topOf(client, { ...base, columns }, listed.columns.filter(({ grows }) => grows).map(({ name: column }) => column), rows);
    if (found?.old) keys[keyOf(base)] = found.old;
    const others = old?.top && habits ? await unlike(client, { ...base, columns }, old.top, habits, keys[keyOf(base)] ?? []) : undefined;
    await client.query("release savepoint unread");
    return { ...base, ...since, ...(found && { top: found.top }), ...(others && { unlike: others }), rows, checksum: sums === "" ? null : checksum ?? "0", columns: columns.map((column) => ({ ...column, checksum: summed.get(column.name) ?? null })), ...(file !== undefined && { file }) };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query("rollback to savepoint unread");
    return { ...base, rows: null, why: `it can't be read: ${error.message}`, columns };
  }
}

/** The server counts anew after a crash, and so does one that was restored from a backup, or another one. */
async function countingSince(client: pg.Client): Promise<string> {
  const { rows: [row] } = await client.query<{ since: string }>("select coalesce(extract(epoch from stats_reset)::text, '') as since from pg_stat_wal");
  return row?.since ?? "";
}

const asValue = ({ name, form }: { readonly name: string; readonly form?: Form | undefined }): string => sameValue(pg.escapeIdentifier(name), form);

/** Each row's key as text, if it has one, and the digest of what no entity reads of it: of expressions. */
async function writeRows(client: pg.Client, evidence: EvidenceWriter, file: string, { from, key, digested }: { readonly from: string; readonly key: readonly string[]; readonly digested: readonly string[] }): Promise<string> {
  const listed = (columns: readonly string[]) => columns.join(", ");
  const named = key.length === 0 ? "null::text" : key.length === 1 ? listed(key) : `concat_ws('/', ${listed(key)}) collate "C"`;
  const rows = client.query(copy.to(`copy (select ${named} as key, hashtextextended(row(${listed(digested)})::text, 0) as digest from ${from} order by 1, 2) to stdout with (format csv, header)`));
  await pipeline(rows, createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }), createWriteStream(evidence.path(file)));
  return file;
}
