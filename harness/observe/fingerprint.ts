// The complete schema fingerprint: every object of the catalogue that people can tell apart, in canonical form.

import type pg from "pg";
import { unusedLabels } from "./unused-labels.ts";

export type SchemaObject = { readonly kind: string; readonly name: string; readonly detail: Readonly<Record<string, unknown>> };

/** Ours and the server's own schemas are no part of the drilled system's structure. */
const USER_SCHEMA = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'turnback')";
/** What an extension brought is compared by the extension's version, not object by object. */
const notFromExtension = (catalogue: string, oid: string) =>
  `not exists (select 1 from pg_depend e where e.classid = '${catalogue}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;

/**
 * Canonical forms, so that only what matters differs: names instead of OIDs; a column's rank
 * among the living instead of attnum (dropped columns leave gaps); an explicit ACL equal to
 * the default counts as none; ACLs and options sorted; definitions as the server deparses them.
 */
const acl = (column: string, type: string, owner: string) => `(
  select coalesce(jsonb_agg(a order by a), '[]') from (
    select format('%s=%s%s', coalesce(r.rolname, 'PUBLIC'), x.privilege_type, case when x.is_grantable then '*' else '' end) as a
    from aclexplode(coalesce(${column}, acldefault('${type}', ${owner}))) x left join pg_roles r on r.oid = x.grantee) s)`;
const owner = (oid: string) => `(select rolname from pg_roles where oid = ${oid})`;

const QUERIES: Readonly<Record<string, string>> = {
  schema: `select n.nspname as name, jsonb_build_object('owner', ${owner("n.nspowner")}, 'grants', ${acl("n.nspacl", "n", "n.nspowner")},
      'comment', obj_description(n.oid, 'pg_namespace')) as detail
    from pg_namespace n where ${USER_SCHEMA}`,
  relation: `select c.oid::regclass::text as name, jsonb_build_object(
      'type', c.relkind, 'owner', ${owner("c.relowner")}, 'persistence', c.relpersistence, 'grants', ${acl("c.relacl", "r", "c.relowner")},
      'rowSecurity', c.relrowsecurity, 'forceRowSecurity', c.relforcerowsecurity,
      'replicaIdentity', case when c.relkind in ('r', 'p', 'm') then c.relreplident end,
      'options', (select coalesce(jsonb_agg(o order by o), '[]') from unnest(c.reloptions) o),
      'tablespace', (select spcname from pg_tablespace where oid = c.reltablespace), 'accessMethod', (select amname from pg_am where oid = c.relam),
      'partitionKey', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
      'partitionOf', (select inhparent::regclass::text from pg_inherits where inhrelid = c.oid limit 1), 'partitionBound', pg_get_expr(c.relpartbound, c.oid),
      'definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      'populated', case when c.relkind = 'm' then c.relispopulated end, 'comment', obj_description(c.oid, 'pg_class')) as detail
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${USER_SCHEMA} and ${notFromExtension("pg_class", "c.oid")}`,
  column: `select c.oid::regclass::text || '.' || quote_ident(a.attname) as name, jsonb_build_object(
      'table', c.oid::regclass::text, 'position', rank() over (partition by c.oid order by a.attnum), 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'default', pg_get_expr(d.adbin, d.adrelid), 'identity', nullif(a.attidentity, ''), 'generated', nullif(a.attgenerated, ''),
      'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
      'storage', a.attstorage, 'compression', nullif(a.attcompression, ''), 'statistics', nullif(a.attstattarget, -1),
      'grants', (select coalesce(jsonb_agg(format('%s=%s', coalesce(r.rolname, 'PUBLIC'), x.privilege_type) order by r.rolname, x.privilege_type), '[]')
        from aclexplode(a.attacl) x left join pg_roles r on r.oid = x.grantee),
      'comment', col_description(c.oid, a.attnum)) as detail
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type t on t.oid = a.atttypid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and ${USER_SCHEMA} and ${notFromExtension("pg_class", "c.oid")}`,
  // Not-null constraints have rows of their own since 18; the column says it for every version.
  constraint: `select coalesce(nullif(k.conrelid, 0)::regclass::text, k.contypid::regtype::text) || ': ' || k.conname as name, jsonb_build_object(
      'definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated, 'deferrable', k.condeferrable, 'deferred', k.condeferred,
      'enforced', coalesce(to_jsonb(k)->'conenforced', 'true'), 'noInherit', k.connoinherit, 'comment', obj_description(k.oid, 'pg_constraint')) as detail
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace
    where k.contype not in ('n', 't') and ${USER_SCHEMA} and ${notFromExtension("pg_constraint", "k.oid")}`,
  index: `select i.indexrelid::regclass::text as name, jsonb_build_object(
      'table', i.indrelid::regclass::text, 'definition', pg_get_indexdef(i.indexrelid), 'valid', i.indisvalid, 'ready', i.indisready, 'live', i.indislive,
      'primary', i.indisprimary, 'unique', i.indisunique, 'immediate', i.indimmediate, 'clustered', i.indisclustered, 'replicaIdentity', i.indisreplident,
      'tablespace', (select spcname from pg_tablespace where oid = c.reltablespace),
      'options', (select coalesce(jsonb_agg(o order by o), '[]') from unnest(c.reloptions) o), 'comment', obj_description(c.oid, 'pg_class')) as detail
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where ${USER_SCHEMA} and ${notFromExtension("pg_class", "c.oid")}`,
  trigger: `select t.tgrelid::regclass::text || ': ' || t.tgname as name, jsonb_build_object(
      'definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled, 'comment', obj_description(t.oid, 'pg_trigger')) as detail
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and ${USER_SCHEMA}`,
  // Internal triggers enforce foreign keys; their names hold OIDs, but whether they are on matters.
  "foreign-key-trigger": `select k.conrelid::regclass::text || ': ' || k.conname as name, jsonb_build_object('enabled', jsonb_agg(t.tgenabled order by t.tgenabled)) as detail
    from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint join pg_namespace n on n.oid = k.connamespace
    where t.tgisinternal and k.contype = 'f' and ${USER_SCHEMA} group by k.oid, k.conrelid, k.conname`,
  function: `select p.oid::regprocedure::text as name, jsonb_build_object(
      'definition', case when p.prokind in ('f', 'p', 'w') then pg_get_functiondef(p.oid) end, 'kind', p.prokind,
      'aggregate', (select to_jsonb(a) - 'aggfnoid' || jsonb_build_object('aggtransfn', a.aggtransfn::regprocedure::text, 'aggtranstype', a.aggtranstype::regtype::text) from pg_aggregate a where a.aggfnoid = p.oid),
      'owner', ${owner("p.proowner")},
      'grants', ${acl("p.proacl", "f", "p.proowner")}, 'comment', obj_description(p.oid, 'pg_proc')) as detail
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${USER_SCHEMA} and ${notFromExtension("pg_proc", "p.oid")}`,
  sequence: `select c.oid::regclass::text as name, jsonb_build_object(
      'type', s.seqtypid::regtype::text, 'start', s.seqstart, 'increment', s.seqincrement, 'min', s.seqmin, 'max', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle,
      'owner', ${owner("c.relowner")}, 'grants', ${acl("c.relacl", "s", "c.relowner")},
      'ownedBy', (select d.refobjid::regclass::text || '.' || a.attname from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0 limit 1)) as detail
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${USER_SCHEMA}`,
  type: `select t.oid::regtype::text as name, jsonb_build_object('type', t.typtype, 'owner', ${owner("t.typowner")},
      'labels', (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
      'base', case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end, 'notNull', t.typnotnull, 'default', t.typdefault,
      'attributes', (select jsonb_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attnum) from pg_attribute a
        where a.attrelid = t.typrelid and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped),
      'grants', ${acl("t.typacl", "T", "t.typowner")}, 'comment', obj_description(t.oid, 'pg_type')) as detail
    from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
    where ${USER_SCHEMA} and t.typtype in ('e', 'd', 'c', 'r') and (t.typtype <> 'c' or c.relkind = 'c') and ${notFromExtension("pg_type", "t.oid")}`,
  policy: `select p.schemaname || '.' || p.tablename || ': ' || p.policyname as name,
      jsonb_build_object('permissive', p.permissive, 'roles', p.roles, 'command', p.cmd, 'using', p.qual, 'check', p.with_check) as detail
    from pg_policies p join pg_namespace n on n.nspname = p.schemaname where ${USER_SCHEMA}`,
  rule: `select r.ev_class::regclass::text || ': ' || r.rulename as name, jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled) as detail
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace where r.rulename <> '_RETURN' and ${USER_SCHEMA}`,
  statistics: `select n.nspname || '.' || s.stxname as name, jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid)) as detail
    from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where ${USER_SCHEMA}`,
  // The version that a collation was made with changes with the operating system; a REINDEX puts that right.
  collation: `select c.oid::regcollation::text as name, to_jsonb(c) - 'oid' - 'collnamespace' - 'collversion' || jsonb_build_object('collowner', ${owner("c.collowner")}) as detail
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace where ${USER_SCHEMA} and ${notFromExtension("pg_collation", "c.oid")}`,
  // Casts have no schema: those that came with the server have low OIDs.
  cast: `select c.castsource::regtype || ' as ' || c.casttarget::regtype as name, jsonb_build_object('function', nullif(c.castfunc, 0)::regprocedure::text, 'context', c.castcontext, 'method', c.castmethod) as detail
    from pg_cast c where c.oid >= 16384 and ${notFromExtension("pg_cast", "c.oid")}`,
  "text-search": `select c.oid::regconfig::text as name, jsonb_build_object('parser', (select prsname from pg_ts_parser where oid = c.cfgparser), 'owner', ${owner("c.cfgowner")},
      'dictionaries', (select jsonb_agg(format('%s %s %s', m.maptokentype, m.mapseqno, m.mapdict::regdictionary) order by m.maptokentype, m.mapseqno) from pg_ts_config_map m where m.mapcfg = c.oid)) as detail
    from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace where ${USER_SCHEMA} and ${notFromExtension("pg_ts_config", "c.oid")}`,
  extension: "select extname as name, jsonb_build_object('version', extversion, 'schema', extnamespace::regnamespace::text) as detail from pg_extension",
  publication: `select p.pubname as name, jsonb_build_object('allTables', puballtables, 'insert', pubinsert, 'update', pubupdate, 'delete', pubdelete, 'truncate', pubtruncate,
      'tables', (select coalesce(jsonb_agg(schemaname || '.' || tablename order by schemaname, tablename), '[]') from pg_publication_tables t where t.pubname = p.pubname)) as detail
    from pg_publication p`,
  subscription: "select subname as name, jsonb_build_object('enabled', subenabled, 'publications', subpublications) as detail from pg_subscription",
  "event-trigger": "select evtname as name, jsonb_build_object('event', evtevent, 'enabled', evtenabled, 'function', evtfoid::regprocedure::text, 'tags', evttags) as detail from pg_event_trigger",
  "default-grant": `select coalesce(n.nspname, '*') || ': ' || d.defaclobjtype::text as name, jsonb_build_object('role', ${owner("d.defaclrole")}, 'grants', (
      select jsonb_agg(format('%s=%s', coalesce(r.rolname, 'PUBLIC'), x.privilege_type) order by r.rolname, x.privilege_type)
      from aclexplode(d.defaclacl) x left join pg_roles r on r.oid = x.grantee)) as detail
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace`,
  setting: `select coalesce((select datname from pg_database where oid = s.setdatabase), '*') || '/' || coalesce((select rolname from pg_roles where oid = s.setrole), '*') as name,
      jsonb_build_object('settings', (select jsonb_agg(c order by c) from unnest(s.setconfig) c)) as detail from pg_db_role_setting s
    where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`,
  role: `select r.rolname as name, jsonb_build_object('superuser', rolsuper, 'inherit', rolinherit, 'createRole', rolcreaterole, 'createDatabase', rolcreatedb, 'login', rolcanlogin,
      'replication', rolreplication, 'bypassRowSecurity', rolbypassrls, 'connectionLimit', rolconnlimit,
      'memberOf', (select coalesce(jsonb_agg(distinct g.rolname), '[]') from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid)) as detail
    from pg_roles r where r.rolname !~ '^pg_'`,
  database: `select datname as name, jsonb_build_object('owner', ${owner("d.datdba")}, 'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype,
      'grants', ${acl("d.datacl", "d", "d.datdba")}, 'connectionLimit', datconnlimit) as detail from pg_database d where datname = current_database()`,
};

/** Reads the fingerprint inside the caller's snapshot; sorted, so that equal schemas give equal bytes. */
export async function fingerprint(client: pg.Client): Promise<SchemaObject[]> {
  const objects: SchemaObject[] = [];
  for (const [kind, sql] of Object.entries(QUERIES)) {
    const { rows } = await client.query<{ name: string; detail: Record<string, unknown> }>(sql);
    objects.push(...rows.map(({ name, detail }) => ({ kind, name, detail })));
  }
  const unused = await unusedLabels(client);
  for (const [i, object] of objects.entries()) {
    const labels = object.kind === "type" ? unused.get(object.name) : undefined;
    if (labels) objects[i] = { ...object, detail: { ...object.detail, unused: labels } };
  }
  return objects.sort((a, b) => (a.kind === b.kind ? compare(a.name, b.name) : compare(a.kind, b.kind)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
