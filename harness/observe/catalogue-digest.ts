// One digest of all that the catalogues say: whether a migration has changed anything at all that isn't a row of a table.

import pg from "pg";
import { sha256 } from "../base/files.ts";

export type Extent = "users" | "all";
export type CatalogueDigest = Readonly<Record<Extent, string>>;

/** What the server itself keeps up to date, or leaves behind when something is dropped again. */
const OF_ITSELF: Readonly<Record<string, readonly string[]>> = {
  pg_class: ["relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid", "relnatts", "relhasindex", "relhasrules", "relhastriggers", "relhassubclass"],
  pg_index: ["indcheckxmin"],
  pg_attrdef: ["oid"],
  pg_database: ["datfrozenxid", "datminmxid", "dathasloginevt"],
};
const CONDITIONS: Readonly<Record<string, string>> = { pg_attribute: "not attisdropped", pg_namespace: "nspname !~ '^pg_(toast_)?temp_'" };
/** Whoever depends on whom follows from the rest. */
const LEFT_OUT = new Set(["pg_depend", "pg_shdepend"]);
/** Large, and written anew whenever they change. */
const BY_VERSION = new Set(["pg_statistic", "pg_statistic_ext_data", "pg_largeobject"]);
const FIRST_OF_USERS = 16_384;

const BESIDE = [
  "select 'file settings', count(*)::text, sum(hashtextextended(concat_ws('=', name, setting), 0))::text from pg_catalog.pg_file_settings",
  "select 'slots', count(*)::text, sum(hashtextextended(concat_ws('/', slot_name, plugin, slot_type), 0))::text from pg_catalog.pg_replication_slots",
  "select 'prepared', count(*)::text, sum(hashtextextended(gid, 0))::text from pg_catalog.pg_prepared_xacts",
];

/** Of users' objects alone, or of everything: the first takes a few milliseconds, the second as many as a hundred. As a superuser. */
export async function catalogueDigest(client: pg.Client, extent: Extent): Promise<string> {
  const { rows } = await client.query<{ name: string; first: string; oid: boolean }>(`
    select c.relname as name, a.attname as first, a.atttypid in ('oid'::regtype, 'regproc'::regtype) as oid from pg_catalog.pg_class c
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = 1 where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' order by 1`);
  const asked = rows.filter(({ name }) => !LEFT_OUT.has(name)).map(({ name, first, oid }) => {
    const own = OF_ITSELF[name];
    const text = BY_VERSION.has(name) ? "concat_ws('/', t.ctid, t.xmin)" : own ? `(to_jsonb(t) - array[${own.map((column) => pg.escapeLiteral(column)).join(", ")}])::text` : "t::text";
    const where = [...(extent === "users" && oid ? [`t.${first}::oid >= ${FIRST_OF_USERS}`] : []), ...(CONDITIONS[name] === undefined ? [] : [CONDITIONS[name]])];
    return `select ${pg.escapeLiteral(name)}, count(*)::text, sum(hashtextextended(${text}, 0))::text from pg_catalog.${name} t${where.length > 0 ? ` where ${where.join(" and ")}` : ""}`;
  });
  const { rows: sums } = await client.query<unknown[]>({ text: [...asked, ...(extent === "all" ? BESIDE : [])].join(" union all "), rowMode: "array" });
  return sha256(JSON.stringify(sums.map((sum) => sum.join(" ")).sort()));
}

/** Before the migration. */
export const catalogueDigests = async (client: pg.Client): Promise<CatalogueDigest> => ({ users: await catalogueDigest(client, "users"), all: await catalogueDigest(client, "all") });

/** Whether they say anything else than they did. */
export async function catalogueChanged(client: pg.Client, was: CatalogueDigest): Promise<boolean> {
  return (await catalogueDigest(client, "users")) !== was.users || (await catalogueDigest(client, "all")) !== was.all;
}
