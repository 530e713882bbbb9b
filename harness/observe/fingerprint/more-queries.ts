// What no single catalogue says, or says of many things in one row: settings, grants on the server's own objects, triggers that enforce foreign keys.

import { notOwnRelation } from "./own-objects.ts";
import { NOT_READERS } from "./catalogue.ts";
import { SETTINGS } from "./settings.ts";

/** Catalogues whose objects come with a server or an extension, and on which somebody may be given rights; and what these are where nobody was. */
const GRANTED = [
  ["pg_proc", "proacl", "pronamespace", "acldefault('f', t.proowner)"], ["pg_class", "relacl", "relnamespace", `acldefault(case t.relkind when 'S' then 's' else 'r' end::"char", t.relowner)`],
  ["pg_type", "typacl", "typnamespace", "acldefault('T', t.typowner)"], ["pg_namespace", "nspacl", "oid", "acldefault('n', t.nspowner)"],
  ["pg_foreign_data_wrapper", "fdwacl", undefined, "acldefault('F', t.fdwowner)"], ["pg_foreign_server", "srvacl", undefined, "acldefault('S', t.srvowner)"],
  ["pg_language", "lanacl", undefined, "acldefault('l', t.lanowner)"],
] as const;

const entries = (acl: string) => `(select coalesce(jsonb_agg(g order by g), '[]') from (select format('%s=%s%s', case when x.grantee = 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, x.privilege_type,
  case when x.is_grantable then '*' else '' end) as g from aclexplode(${acl}) x where ${NOT_READERS}) s)`;
/** Rights as the server or the extension came with are none. */
const differs = (acl: string, sub: string, otherwise: string) => `${entries(acl)} <> coalesce((select ${entries("i.initprivs")} from pg_init_privs i where i.objoid = t.oid and i.classoid = t.tableoid and i.objsubid = ${sub}), ${otherwise})`;
const SERVERS = (schema: string | undefined) => (schema === undefined ? "false" : `t.${schema} in (select n.oid from pg_namespace n where n.nspname ~ '^pg_' or n.nspname = 'information_schema')`);

const grants = GRANTED.map(([catalogue, acl, schema, usual]) => `
  select o.type || ' ' || o.identity as name, jsonb_build_object('grants', ${entries(`t.${acl}`)}) as detail from ${catalogue} t, pg_identify_object('${catalogue}'::regclass, t.oid, 0) o
  where (${SERVERS(schema)} or exists (select from pg_depend e where e.classid = t.tableoid and e.objid = t.oid and e.deptype = 'e'))
    and (t.${acl} is not null or exists (select from pg_init_privs i where i.objoid = t.oid and i.classoid = t.tableoid and i.objsubid = 0)) and ${differs(`t.${acl}`, "0", entries(usual))}`).join(" union all ");

const columnGrants = `
  select 'column ' || t.oid::regclass || '.' || a.attname, jsonb_build_object('grants', ${entries("a.attacl")}) from pg_attribute a join pg_class t on t.oid = a.attrelid
  where a.attacl is not null and (${SERVERS("relnamespace")} or exists (select from pg_depend e where e.classid = t.tableoid and e.objid = t.oid and e.deptype = 'e')) and ${differs("a.attacl", "a.attnum", "'[]'")}`;

export const MORE_QUERIES: Readonly<Record<string, string>> = {
  grant: `${grants} union all ${columnGrants}`,
  // Internal triggers have numbers in their names, but whether they are on matters. A partitioned table's come in numbers of their own.
  "foreign-key-trigger": `select k.conrelid::regclass::text || ': ' || k.conname as name, jsonb_build_object('table', k.conrelid::regclass::text, 'enabled', jsonb_agg(t.tgenabled order by t.tgenabled)) as detail
    from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint join pg_namespace n on n.oid = k.connamespace
    where t.tgisinternal and k.contype in ('f', 'p', 'u', 'x') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ${notOwnRelation("k.conrelid")} group by k.oid, k.conrelid, k.conname`,
  setting: SETTINGS,
};
