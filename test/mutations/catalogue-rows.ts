// The catalogues as a witness reads them: every row that belongs to a user's object, with names in place of numbers, and every definition.

import type pg from "pg";

/** Positions, sizes, ages and files; what is numbered by creation; and what the definitions below say whole. */
const PASSED_OVER = [
  "oid", "relfilenode", "relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid", "reltoastrelid", "relchecks", "relhasindex",
  "relhasrules", "relhastriggers", "relhassubclass", "relrewrite", "reltype", "relnatts", "atthasmissing", "attmissingval", "attcacheoff", "attnum",
  "indcheckxmin", "indkey", "conkey", "confkey", "confdelsetcols", "conindid", "conparentid", "collversion", "subskiplsn", "typarray", "typrelid", "partdefid",
  "partattrs", "tgattr", "tgconstraint", "tgconstrindid", "tgparentid", "prattrs", "stxkeys", "enumsortorder", "protrftypes", "attstattarget_", "inhseqno",
];
/** Told below, of all databases, or no part of a schema. */
const NOT_READ = [
  "pg_depend", "pg_shdepend", "pg_statistic", "pg_statistic_ext_data", "pg_largeobject", "pg_subscription_rel", "pg_init_privs", "pg_replication_origin",
  "pg_seclabel", "pg_shseclabel", "pg_attrdef", "pg_database", "pg_authid", "pg_auth_members", "pg_shdescription", "pg_enum",
];
/** By catalogue with rights: what their default is, and whose. */
const RIGHTS: Readonly<Record<string, readonly [acl: string, kind: string, owner: string]>> = {
  pg_class: ["relacl", "case relkind when 'S' then 's' else 'r' end::\"char\"", "relowner"], pg_proc: ["proacl", "'f'", "proowner"], pg_type: ["typacl", "'T'", "typowner"],
  pg_namespace: ["nspacl", "'n'", "nspowner"], pg_language: ["lanacl", "'l'", "lanowner"], pg_foreign_data_wrapper: ["fdwacl", "'F'", "fdwowner"],
  pg_foreign_server: ["srvacl", "'S'", "srvowner"], pg_largeobject_metadata: ["lomacl", "'L'", "lomowner"], pg_tablespace: ["spcacl", "'t'", "spcowner"],
};
/** Which of a catalogue's columns says that a row is a user's. */
const OF_USERS = [
  "oid", "attrelid", "indexrelid", "inhrelid", "partrelid", "seqrelid", "ftrelid", "aggfnoid", "mapcfg", "rngtypid", "conrelid", "objoid", "setdatabase", "setrole",
];

/** Few rows, of which people change even those that came with the server. */
const READ_WHOLE = ["pg_extension", "pg_language", "pg_namespace", "pg_largeobject_metadata", "pg_db_role_setting"];

const granted = (acl: string, kind: string, owner: string) =>
  `(select jsonb_agg(x::text order by x::text) from aclexplode(coalesce(t.${acl}, acldefault(${kind}, t.${owner}))) x)`;

/** Written once for each server: which columns refer to what is asked of the server. */
const MADE = `
  with keys as (select fktable, fkcols[1] as col, pktable, is_array from pg_get_catalog_foreign_keys() where array_length(fkcols, 1) = 1),
  columns as (
    select c.oid as rel, c.relname, a.attname, a.atttypid, k.pktable, coalesce(k.is_array, false) as is_array
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 left join keys k on k.fktable = c.oid and k.col = a.attname
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and not c.relname = any($1) and not a.attname = any($2) and a.atttypid <> 'pg_node_tree'::regtype),
  parts as (
    select relname, string_agg(format('%L, %s', attname, case
      when attname = 'objoid' then '(pg_identify_object(t.classoid, t.objoid, 0)).identity'
      when $3::jsonb ? attname::text then $3::jsonb ->> attname::text
      when atttypid = 'aclitem[]'::regtype then format('(select array_agg(x::text order by x::text collate "C") from unnest(t.%I) x)', attname)
      when atttypid = 'text[]'::regtype then format('(select array_agg(x order by x collate "C") from unnest(t.%I) x)', attname)
      when pktable is not null and is_array then format('(select array_agg((pg_identify_object(%L::regclass, x, 0)).identity) from unnest(t.%I::oid[]) x where x <> 0)', pktable, attname)
      when pktable is not null then format('(select (pg_identify_object(%L::regclass, t.%I, 0)).identity where t.%I <> 0)', pktable, attname, attname)
      else format('t.%I', attname) end), ', ' order by attname) as fields
    from columns group by relname),
  filters as (
    select p.relname, p.fields, coalesce((select string_agg(format('t.%I >= 16384', a.attname), ' or ') from pg_attribute a
      where a.attrelid = ('pg_catalog.' || p.relname)::regclass and a.attname = any($4)), 'true') as filter from parts p)
  select string_agg(format('select %L || '' '' || jsonb_build_object(%s) as row from pg_catalog.%I t where (%s)%s', relname, fields, relname,
    case when relname = any($5) then 'true' else filter end, case relname
    when 'pg_class' then ' and relnamespace <> ''pg_toast''::regnamespace'
    when 'pg_namespace' then ' and nspname !~ ''^pg_(toast_)?temp_'''
    when 'pg_attribute' then ' and attnum > 0 and not attisdropped and not exists (select from pg_class c where c.oid = attrelid and c.relnamespace = ''pg_toast''::regnamespace)'
    when 'pg_index' then ' and not exists (select from pg_class c where c.oid = indexrelid and c.relnamespace = ''pg_toast''::regnamespace)'
    when 'pg_description' then ' or classoid in (''pg_largeobject''::regclass, ''pg_extension''::regclass, ''pg_language''::regclass, ''pg_namespace''::regclass)'
    when 'pg_trigger' then ' and not tgisinternal' when 'pg_constraint' then ' and contype <> ''t'''
    when 'pg_subscription' then ' and subdbid = (select oid from pg_database where datname = current_database())'
    when 'pg_db_role_setting' then ' and setdatabase in (0, (select oid from pg_database where datname = current_database()))'
    else '' end), ' union all ' order by relname) as query from filters`;

/** Expressions and what spans several rows, as the server writes them. */
const DEFINITIONS = `
  select format('constraint %s of %s: %s', conname, coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text), pg_get_constraintdef(oid)) as row from pg_constraint where oid >= 16384 and contype <> 't'
  union all select 'index ' || pg_get_indexdef(indexrelid) from pg_index where indexrelid >= 16384 and indrelid not in (select oid from pg_class where relnamespace = 'pg_toast'::regnamespace)
  union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  union all select 'rule ' || pg_get_ruledef(oid) from pg_rewrite where oid >= 16384
  union all select 'function ' || pg_get_functiondef(oid) from pg_proc where oid >= 16384 and prokind <> 'a'
  union all select 'aggregate ' || oid::regprocedure || pg_get_function_arguments(oid) from pg_proc where oid >= 16384 and prokind = 'a'
  union all select 'statistics ' || pg_get_statisticsobjdef(oid) from pg_statistic_ext
  union all select 'partitioned ' || partrelid::regclass || pg_get_partkeydef(partrelid) from pg_partitioned_table
  union all select 'bound ' || oid::regclass || ' ' || pg_get_expr(relpartbound, oid) from pg_class where relpartbound is not null
  union all select 'default ' || adrelid::regclass || ' ' || (select attname from pg_attribute where attrelid = adrelid and attnum = adnum) || ' ' || pg_get_expr(adbin, adrelid) from pg_attrdef
  union all select 'policy ' || polname || ' on ' || polrelid::regclass || ': ' || coalesce(pg_get_expr(polqual, polrelid), '') || ' / ' || coalesce(pg_get_expr(polwithcheck, polrelid), '') from pg_policy
  union all select 'published ' || p.pubname || ' ' || r.prrelid::regclass || coalesce(' where ' || pg_get_expr(r.prqual, r.prrelid), '') || coalesce(' columns ' || (select string_agg(a.attname, ', ' order by a.attname)
      from pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs)), '') from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
  union all select 'owned ' || d.objid::regclass || ' by ' || d.refobjid::regclass || '.' || a.attname from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid where d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refclassid = 'pg_class'::regclass
  union all select 'depends on extension ' || (pg_identify_object(classid, objid, 0)).identity || (pg_identify_object(refclassid, refobjid, 0)).identity from pg_depend where deptype = 'x'
  union all select 'triggers of ' || k.conrelid::regclass || ' ' || k.conname || ': ' || string_agg(t.tgenabled::text, '' order by t.tgenabled) from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint
      where t.tgisinternal group by k.oid, k.conrelid, k.conname
  union all select 'toast of ' || oid::regclass || ' ' || (select (select array_agg(x order by x) from unnest(toast.reloptions) x)::text from pg_class toast where toast.oid = reltoastrelid)
    from pg_class where oid >= 16384 and reltoastrelid <> 0
  union all select 'member ' || (pg_identify_object(classid, objid, objsubid)).identity || ' of ' || (select extname from pg_extension where oid = refobjid) from pg_depend where deptype = 'e'
  union all select distinct 'analysed ' || starelid::regclass from pg_statistic where starelid >= 16384
  union all select 'labels of ' || enumtypid::regtype || ': ' || string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid >= 16384 group by enumtypid
  union all select 'columns of ' || attrelid::regclass || ': ' || string_agg(attname, ', ' order by attnum) from pg_attribute a join pg_class c on c.oid = a.attrelid
    where attrelid >= 16384 and attnum > 0 and not attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') group by attrelid`;

/** Of the whole server: roles, who is in which, comments, this database; and rights on what came with the server, where they are not the usual ones. */
const SERVER = `
  select 'role ' || (to_jsonb(r) - 'oid' - 'rolpassword' || jsonb_build_object('password', md5(r.rolpassword)))::text as row from pg_authid r where rolname !~ '^pg_'
  union all select 'member ' || jsonb_build_object('of', roleid::regrole, 'who', member::regrole, 'by', grantor::regrole, 'admin', admin_option, 'more', to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor')::text
    from pg_auth_members m where member::regrole::text !~ '^pg_'
  union all select 'comment ' || coalesce((select rolname from pg_authid where oid = objoid), (select spcname from pg_tablespace where oid = objoid), 'database') || ': ' || description from pg_shdescription
    where classoid <> 'pg_database'::regclass or objoid = (select oid from pg_database where datname = current_database())
  union all select 'database ' || (to_jsonb(d) - 'oid' - 'datfrozenxid' - 'datminmxid' - 'datcollversion' - 'datacl' - 'datdba' - 'dattablespace' - 'dathasloginevt' ||
      jsonb_build_object('owner', datdba::regrole, 'rights', (select jsonb_agg(x::text order by x::text) from aclexplode(coalesce(datacl, acldefault('d', datdba))) x)))::text
    from pg_database d where datname = current_database()
  union all select 'slot ' || slot_name || ' ' || slot_type || ' ' || (restart_lsn is not null) from pg_replication_slots
  union all select 'origin ' || roname from pg_replication_origin where roname !~ '^pg_[0-9]+'
  union all select 'prepared transaction ' || gid from pg_prepared_xacts where database = current_database()
  union all select 'setting ' || name || ' = ' || coalesce(setting, '') from pg_file_settings where sourcefile like '%auto.conf'
  ${["pg_class", "pg_proc", "pg_type", "pg_namespace", "pg_language"].map((catalogue) => {
    const [acl = "", kind = "", owner = ""] = RIGHTS[catalogue] ?? [];
    return `union all select 'rights on ' || (pg_identify_object('${catalogue}'::regclass, oid, 0)).identity || ' ' || ${granted(acl, kind, owner)}
      from ${catalogue} t where oid < 16384 and ${acl} is not null and ${granted(acl, kind, owner)} is distinct from (select jsonb_agg(x::text order by x::text) from aclexplode(acldefault(${kind}, t.${owner})) x)`;
  }).join("\n")}
  union all select 'rights on column ' || attrelid::regclass || '.' || attname || ' ' || attacl::text from pg_attribute where attrelid < 16384 and attacl is not null`;

/** One text a row; two servers, or moments, are compared by which texts there are, and how often. */
export async function catalogueRows(client: pg.Client): Promise<string[]> {
  const rights = Object.fromEntries(Object.values(RIGHTS).map(([acl, kind, owner]) => [acl, granted(acl, kind, owner)]));
  const { rows: [made] } = await client.query<{ query: string }>(MADE, [NOT_READ, PASSED_OVER, JSON.stringify(rights), OF_USERS, READ_WHOLE]);
  const found: string[] = [];
  for (const query of [made?.query ?? "", DEFINITIONS, SERVER]) found.push(...(await client.query<{ row: string }>(query)).rows.map(({ row }) => row));
  return found;
}
