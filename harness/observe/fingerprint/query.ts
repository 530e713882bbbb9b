// One query a kind of object, made of its declaration and of the columns that the server has.

import type { Catalogue, Part } from "./catalogue.ts";
import { CODE } from "./code.ts";
import { ELSEWHERE } from "./exempt.ts";
import { notOwnRelation } from "./own-objects.ts";
import { RELATIONS } from "./relations.ts";
import { fieldName, rendered, type Column } from "./render.ts";
import { SERVER } from "./server.ts";

export const CATALOGUES: readonly Catalogue[] = [...RELATIONS, ...CODE, ...SERVER];

const SHARED = new Set(["pg_authid", "pg_database", "pg_tablespace", "pg_subscription", "pg_parameter_acl", "pg_auth_members", "pg_replication_origin", "pg_db_role_setting"]);
/** Of shared objects these alone have their comments beside all databases: a subscription's is in its own. */
const COMMENTED_FOR_ALL = new Set(["pg_authid", "pg_database", "pg_tablespace"]);
const hasOid = (columns: readonly Column[], catalogue: string) => columns.some(({ table, column }) => table === catalogue && column === "oid");

/** By field the SQL of its value: every column that isn't exempt, and what the declaration adds. */
function fields({ of, prefix, exempt, as = {}, more = {} }: Omit<Part, "on">, columns: readonly Column[], alias: string): [string, string][] {
  const own = columns.filter(({ table, column }) => table === of && exempt[column] === undefined).flatMap((column): [string, string][] => {
    const value = as[column.column] ?? rendered(column, alias);
    return value === undefined ? [] : [[fieldName(column.column, prefix), value]];
  });
  return [...own, ...Object.entries(more)];
}

/** Comments and labels, of whatever has a number. */
function said({ of }: Catalogue, columns: readonly Column[]): [string, string][] {
  const [oid, sub] = of === "pg_attribute" ? ["t.attrelid", "t.attnum"] : ["t.oid", "0"];
  const about = of === "pg_attribute" ? "pg_class" : of === "pg_largeobject_metadata" ? "pg_largeobject" : of;
  if (of !== "pg_attribute" && !hasOid(columns, of)) return [];
  const from = (own: string, shared: string, isShared: boolean) => `from ${isShared ? shared : own} s where s.objoid = ${oid} and s.classoid = '${about}'::regclass${isShared ? "" : ` and s.objsubid = ${sub}`}`;
  return [
    ["comment", `(select s.description ${from("pg_description", "pg_shdescription", COMMENTED_FOR_ALL.has(of))})`],
    ["securityLabels", `(select jsonb_agg(s.provider || ': ' || s.label order by s.provider) ${from("pg_seclabel", "pg_shseclabel", SHARED.has(of))})`],
  ];
}

const object = (pairs: readonly (readonly [string, string])[]) => `jsonb_build_object(${pairs.map(([field, value]) => `'${field}', ${value}`).join(", ")})`;
const USERS = (oid: string) => `${oid} in (select n.oid from pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')`;
const notBrought = (catalogue: string, oid: string) => `not exists (select from pg_depend e where e.classid = '${catalogue}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;

/** Made with a type, and gone with it: a range's constructors, its multirange and the cast to that. */
const OF_A_TYPE = new Set(["pg_proc", "pg_cast", "pg_type"]);
const notOfAType = (catalogue: string) => `not exists (select from pg_depend i where i.classid = '${catalogue}'::regclass and i.objid = t.oid and i.deptype = 'i' and i.refclassid = 'pg_type'::regclass)`;

/** Of these also what an extension brought is compared by itself: plpgsql comes with every database, and is anybody's to comment on and to own. */
const ALSO_BROUGHT = new Set(["pg_extension", "pg_language"]);

/** What an extension brought is compared by the extension's version. */
function conditions({ of, schema, table, where }: Catalogue, columns: readonly Column[]): string[] {
  const withNumber = hasOid(columns, of);
  return [
    ...(schema ? [USERS(schema)] : where === undefined ? ["t.oid >= 16384"] : []), ...(where ? [where] : []),
    ...(OF_A_TYPE.has(of) ? [notOfAType(of)] : []),
    ...(withNumber && !SHARED.has(of) && !ALSO_BROUGHT.has(of) ? [notBrought(of, "t.oid")] : []), ...(table ? [notBrought("pg_class", table), `(${table} is null or ${notOwnRelation(table)})`] : []),
  ];
}

/** Gives rows of `name` and `detail`. */
export function queryOf(catalogue: Catalogue, columns: readonly Column[]): string {
  const { of, name, schema, table, parts = [] } = catalogue;
  const single = parts.filter(({ many }) => many === undefined);
  const several = parts.flatMap((part): [string, string][] => {
    const inside = fields(part, columns, part.of);
    return part.many === undefined || inside.length === 0 ? [] : [[part.many, `(select jsonb_agg(o order by o) from (select jsonb_strip_nulls(${object(inside)}) as o from ${part.of} where ${part.on}) s)`]];
  });
  const pairs = [
    ...(schema ? [["schema", `${schema}::regnamespace::text`] as const] : []), ...(table ? [["table", `nullif(${table}, 0)::regclass::text`] as const] : []),
    ...fields(catalogue, columns, "t"), ...single.flatMap((part) => fields(part, columns, part.of)), ...several, ...said(catalogue, columns),
  ];
  const joins = [...single.map(({ of: other, on }) => `left join ${other} on ${on}`), ...(table ? [`left join pg_class c on c.oid = ${table}`] : [])];
  return `select ${name} as name, jsonb_strip_nulls(${object(pairs)}) as detail from ${of} t ${joins.join(" ")} where ${conditions(catalogue, columns).join(" and ") || "true"}`;
}

export type Coverage = { readonly compared: string[]; readonly exempt: Map<string, string>; readonly uncovered: string[] };

/** Of every column of every catalogue: whether it is compared, or why it isn't. */
export function coverage(columns: readonly Column[]): Coverage {
  const found: Coverage = { compared: [], exempt: new Map(), uncovered: [] };
  for (const column of columns) {
    const place = `${column.table}.${column.column}`;
    const declared = [...CATALOGUES, ...CATALOGUES.flatMap(({ parts = [] }) => parts)].filter(({ of }) => of === column.table);
    const compared = declared.some(({ exempt, as = {} }) => exempt[column.column] === undefined && (as[column.column] ?? rendered(column, "t")) !== undefined);
    const silent = declared.some(({ exempt, as = {} }) => exempt[column.column] === undefined && (as[column.column] ?? rendered(column, "t")) === undefined);
    const reason = declared.map(({ exempt }) => exempt[column.column]).find((text) => text !== undefined) ?? ELSEWHERE[column.table];
    if (silent || (!compared && reason === undefined)) found.uncovered.push(place);
    else if (compared) found.compared.push(place);
    else found.exempt.set(place, reason ?? "");
  }
  return found;
}
