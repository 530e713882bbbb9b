// Which objects of a database a change can be made to: queries over its catalogues, names quoted.

const OURS = "n.nspname in ('gen', 'Odd Name')";
const relations = (kinds: string) =>
  `select format('%I.%I', n.nspname, c.relname) as t, quote_ident(c.relname) as name, n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in (${kinds}) and ${OURS} order by 1`;

export const TABLE = relations("'r'").replace(" order by", " and not c.relispartition order by");
export const ANY_TABLE = relations("'r', 'p'");
export const FOREIGN_TABLE = relations("'f'");
export const VIEW = relations("'v'").replace("as schema", "as schema, pg_get_viewdef(c.oid) as def");
export const MATVIEW = relations("'m'").replace("as schema", "as schema, pg_get_viewdef(c.oid) as def");
export const SEQUENCE = relations("'S'");
export const PARTITION = `select i.inhrelid::regclass::text as t, i.inhparent::regclass::text as parent, pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace where c.relispartition and c.relkind in ('r', 'p') and ${OURS} order by 1`;
export const INHERITED =
  "select inhrelid::regclass::text as t, inhparent::regclass::text as parent from pg_inherits join pg_class c on c.oid = inhrelid where not c.relispartition and c.relkind = 'r' order by 1, 2";
export const column = (
  condition: string,
) => `select format('%I.%I', n.nspname, c.relname) as t, quote_ident(a.attname) as c, format_type(a.atttypid, a.atttypmod) as type, coalesce(pg_get_expr(d.adbin, d.adrelid), 'null') as def,
  coalesce((select string_agg(quote_ident(b.attname), ', ') from pg_attribute b where b.attrelid = c.oid and b.attnum > 0 and not b.attisdropped and b.attname <> a.attname), '') as others
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and ${OURS} and ${condition} order by 1, 2`;
export const COLUMN = column("true");
/** Where values can be changed freely: no key leads there. */
export const VALUE = column(
  "c.relkind = 'r' and a.attgenerated = '' and a.attname <> 'id' and not exists (select 1 from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'f') and a.attnum = any(k.conkey))",
);
export const valueOf = (...types: readonly string[]) =>
  VALUE.replace(" order by 1, 2", ` and a.atttypid in (${types.map((type) => `'${type}'::regtype`).join(", ")}) order by 1, 2`);
export const INDEX = `select format('%I.%I', n.nspname, c.relname) as i, quote_ident(c.relname) as name, x.indrelid::regclass::text as t, pg_get_indexdef(c.oid) as def from pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'i' and not c.relispartition and not exists (select 1 from pg_constraint k where k.conindid = c.oid) and ${OURS} order by 1`;
export const KEY_INDEX = `select c.oid::regclass::text as i, x.indrelid::regclass::text as t from pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'i' and ${OURS} order by 1`;
export const constraint = (types: string) =>
  `select k.conrelid::regclass::text as t, quote_ident(k.conname) as k, pg_get_constraintdef(k.oid) as def from pg_constraint k join pg_namespace n on n.oid = k.connamespace where k.contype in (${types}) and k.conrelid <> 0 and k.conislocal and ${OURS} order by 1, 2`;
export const TRIGGER = `select t.tgrelid::regclass::text as t, quote_ident(t.tgname) as g, pg_get_triggerdef(t.oid) as def from pg_trigger t where not t.tgisinternal order by 1, 2`;
export const RULE = `select r.ev_class::regclass::text as t, quote_ident(r.rulename) as r, pg_get_ruledef(r.oid) as def from pg_rewrite r join pg_class c on c.oid = r.ev_class where c.relkind = 'r' and r.ev_class >= 16384 order by 1, 2`;
export const routine = (kind: string) =>
  `select p.oid::regprocedure::text as f, quote_ident(p.proname) as name, case when p.prokind <> 'a' then pg_get_functiondef(p.oid) else '' end as def from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prokind = '${kind}' and ${OURS} and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'i') order by 1`;
export const type = (kind: string) =>
  `select t.oid::regtype::text as y, quote_ident(t.typname) as name from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype = '${kind}' and ${OURS} and (t.typrelid = 0 or exists (select 1 from pg_class c where c.oid = t.typrelid and c.relkind = 'c')) order by 1`;
export const POLICY = "select p.polrelid::regclass::text as t, quote_ident(p.polname) as p from pg_policy p order by 1, 2";
export const STATISTICS =
  "select format('%I.%I', n.nspname, s.stxname) as s, pg_get_statisticsobjdef(s.oid) as def from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace order by 1";
export const has = (catalogue: string, nameColumn: string, name: string) =>
  `select quote_ident(${nameColumn}) as x from ${catalogue} where ${nameColumn} = '${name}'`;
export const ALWAYS = "select quote_ident(current_database()) as db";
