// How a column of a catalogue is rendered, by its type and by what it refers to: names in the place of numbers.

/** A column as the server describes it. */
export type Column = {
  readonly table: string; readonly column: string; readonly type: string;
  /** The catalogue that its values are rows of; for numbers of columns, the column beside it that says of which relation. */
  readonly refersTo: string | null; readonly relation: string | null;
};

/** Every column of every catalogue, and which of them are references; the same for all databases of a release. */
export const COLUMNS = `
  select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type, f.pktable::text as "refersTo",
    case when array_length(f.fkcols, 1) > 1 then f.fkcols[1] end as relation
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join lateral (select * from pg_get_catalog_foreign_keys() k where k.fktable = c.oid and k.fkcols[array_length(k.fkcols, 1)] = a.attname limit 1) f on true
  where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' order by c.relname, a.attnum`;

/** What has a type of its own that prints its name; functions and operators with their arguments. */
const BY_CAST: Readonly<Record<string, string>> = {
  pg_class: "regclass", pg_type: "regtype", pg_proc: "regprocedure", pg_operator: "regoperator", pg_collation: "regcollation", pg_namespace: "regnamespace", pg_ts_config: "regconfig", pg_ts_dict: "regdictionary",
};

function nameOf(catalogue: string, oid: string): string {
  const cast = BY_CAST[catalogue];
  if (cast) return `nullif(${oid}::oid, 0)::${cast}::text`;
  if (catalogue === "pg_authid") return `case when ${oid} <> 0 then pg_get_userbyid(${oid}) end`;
  if (catalogue === "pg_am") return `(select amname from pg_am where oid = ${oid})`;
  if (catalogue === "pg_tablespace") return `(select spcname from pg_tablespace where oid = ${oid})`;
  return `(pg_identify_object('${catalogue}'::regclass, nullif(${oid}, 0), 0)).identity`;
}

const PLAIN = new Set(["boolean", "smallint", "integer", "bigint", "real", "double precision", "timestamp with time zone", "pg_lsn"]);
const WORDS = new Set(['"char"', "name", "text"]);
const REFERENCES = new Set(["oid", "regproc"]);

/** The SQL of a column's value; undefined where no rule of types says how, and the catalogue's declaration must. */
export function rendered({ column, type, refersTo, relation }: Column, alias: string): string | undefined {
  const value = `${alias}.${column}`;
  if (PLAIN.has(type)) return value;
  if (WORDS.has(type)) return `nullif(${value}::text, '')`;
  if (REFERENCES.has(type)) return refersTo === null ? undefined : nameOf(refersTo, value);
  if (type === "oid[]" || type === "oidvector") {
    return refersTo === null ? undefined : `(select jsonb_agg(coalesce(${nameOf(refersTo, "u.x")}, 'PUBLIC') order by ${refersTo === "pg_authid" ? "pg_get_userbyid(u.x)" : "u.n"}) from unnest(${value}::oid[]) with ordinality u (x, n))`;
  }
  if ((type === "int2vector" || type === "smallint[]") && refersTo === "pg_attribute" && relation !== null) {
    return `(select jsonb_agg(col.attname order by u.n) from unnest(${value}::int2[]) with ordinality u (x, n) left join pg_attribute col on col.attrelid = ${alias}.${relation} and col.attnum = u.x)`;
  }
  if (type === "text[]") return `(select jsonb_agg(o order by o) from unnest(${value}) o)`;
  if (type === '"char"[]') return `to_jsonb(${value}::text[])`;
  return undefined;
}

/** Fields whose plain names would say less. */
const NAMES: Readonly<Record<string, string>> = {
  relkind: "type", atttypid: "type", attnum: "position", attnotnull: "notNull", adbin: "default", attstattarget: "statistics", stxstattarget: "statistics", relreplident: "replicaIdentity", relam: "accessMethod",
  relrowsecurity: "rowSecurity", relforcerowsecurity: "forceRowSecurity", relpartbound: "partitionBound", relispopulated: "populated", ftoptions: "foreignOptions", ftserver: "server", attfdwoptions: "foreignOptions",
  inhdetachpending: "pendingDetach", conindid: "index", confrelid: "references", conparentid: "parent", connoinherit: "noInherit", contype: "type", indisreplident: "replicaIdentity", indimmediate: "immediate",
  typtype: "type", typbasetype: "base", typnotnull: "notNull", polcmd: "command", polqual: "using", polwithcheck: "check", ev_enabled: "enabled", prqual: "filter", prattrs: "columns", setconfig: "settings",
  rolvaliduntil: "validUntil", datdba: "owner", tgparentid: "parent",
};

export function fieldName(column: string, prefix: string | undefined): string {
  const name = NAMES[column] ?? (prefix !== undefined && column.startsWith(prefix) ? column.slice(prefix.length) : column);
  return name === "acl" ? "grants" : name;
}
