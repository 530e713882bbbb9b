// Which objects of a database a change can be made to: queries over its catalogues, names quoted.

/** What is asked for, from where, and of which objects; further conditions can be put beside. */
const found = (fields: string, from: string, ...conditions: readonly string[]) => `select ${fields} from ${from} where ${conditions.join(" and ")} order by 1, 2`;
/** More conditions for a query that `found` made, or more fields. */
export const where = (query: string, condition: string) => query.replace(/ order by 1, 2$/, ` and ${condition} order by 1, 2`);
const also = (query: string, fields: string) => query.replace("select ", `select ${fields}, `).replace(/ order by 1, 2$/, " order by 2, 3");

const OURS = "n.nspname in ('gen', 'Odd Name')";
const CLASS = "pg_class c join pg_namespace n on n.oid = c.relnamespace";
const NAMES = "format('%I.%I', n.nspname, c.relname) as t, quote_ident(c.relname) as name, quote_ident(n.nspname) as schema_q";
const relations = (kinds: string) => found(NAMES, CLASS, `c.relkind in (${kinds})`, OURS);

export const TABLE = where(relations("'r'"), "not c.relispartition");
export const ANY_TABLE = relations("'r', 'p'");
export const PARTITIONED = relations("'p'");
export const FOREIGN_TABLE = relations("'f'");
export const VIEW = also(relations("'v'"), "pg_get_viewdef(c.oid) as def");
export const MATVIEW = also(relations("'m'"), "pg_get_viewdef(c.oid) as def");
export const SEQUENCE = relations("'S'");
export const PARTITION = found(
  `i.inhrelid::regclass::text as t, i.inhparent::regclass::text as parent, pg_get_expr(c.relpartbound, c.oid) as bound,
    replace(pg_get_expr(c.relpartbound, c.oid), '''', '''''') as bound_q,
    (select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attnotnull limit 1) as free`,
  `pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace`, "c.relispartition", "c.relkind in ('r', 'p')", OURS,
);
export const INHERITED = found(
  "inhrelid::regclass::text as t, inhparent::regclass::text as parent", "pg_inherits join pg_class c on c.oid = inhrelid", "not c.relispartition", "c.relkind = 'r'",
);

export const column = (condition: string) => found(
  `format('%I.%I', n.nspname, c.relname) as t, quote_ident(a.attname) as c, format_type(a.atttypid, a.atttypmod) as type, coalesce(pg_get_expr(d.adbin, d.adrelid), 'null') as def`,
  `pg_attribute a join ${CLASS.replace("pg_class c", "pg_class c on c.oid = a.attrelid")} left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum`,
  "c.relkind in ('r', 'p')", "a.attnum > 0", "not a.attisdropped", OURS, condition,
);
export const COLUMN = column("true");
/** Of tables that neither inherit nor are inherited from. */
export const ALONE = "c.relkind = 'r' and not exists (select from pg_inherits i where c.oid in (i.inhrelid, i.inhparent))";
/** Where values can be changed freely: no key leads there. */
export const VALUE = column(`c.relkind = 'r' and a.attgenerated = '' and a.attname <> 'id'
  and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'f') and a.attnum = any (k.conkey))`);
export const valueOf = (...types: readonly string[]) => where(VALUE, `a.atttypid in (${types.map((type) => `'${type}'::regtype`).join(", ")})`);

const INDEXES = "pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n on n.oid = c.relnamespace";
/** Those of constraints, too. */
export const ANY_INDEX = found(
  "c.oid::regclass::text as i, quote_ident(c.relname) as name, quote_ident(n.nspname) as schema_q, x.indrelid::regclass::text as t, pg_get_indexdef(c.oid) as def", INDEXES, "c.relkind = 'i'", "not c.relispartition", OURS,
);
export const INDEX = where(ANY_INDEX, "not exists (select from pg_constraint k where k.conindid = c.oid)");
export const constraint = (types: string) => found(
  "k.conrelid::regclass::text as t, quote_ident(k.conname) as k, pg_get_constraintdef(k.oid) as def", "pg_constraint k join pg_namespace n on n.oid = k.connamespace",
  `k.contype in (${types})`, "k.conrelid <> 0", "k.conislocal", OURS,
);
export const TRIGGER = found("t.tgrelid::regclass::text as t, quote_ident(t.tgname) as g, pg_get_triggerdef(t.oid) as def", "pg_trigger t", "not t.tgisinternal");
export const RULE = found(
  "r.ev_class::regclass::text as t, quote_ident(r.rulename) as r, pg_get_ruledef(r.oid) as def", "pg_rewrite r join pg_class c on c.oid = r.ev_class", "c.relkind = 'r'", "r.ev_class >= 16384",
);
export const routine = (kind: string) => found(
  "p.oid::regprocedure::text as f, quote_ident(p.proname) as name, case when p.prokind <> 'a' then pg_get_functiondef(p.oid) else '' end as def",
  "pg_proc p join pg_namespace n on n.oid = p.pronamespace", `p.prokind = '${kind}'`, OURS, "not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'i')",
);
export const type = (kind: string) => found(
  "t.oid::regtype::text as y, quote_ident(t.typname) as name", "pg_type t join pg_namespace n on n.oid = t.typnamespace", `t.typtype = '${kind}'`, OURS,
  "(t.typrelid = 0 or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))",
);
export const POLICY = found("p.polrelid::regclass::text as t, quote_ident(p.polname) as p", "pg_policy p", "true");
export const STATISTICS = found(
  "format('%I.%I', n.nspname, s.stxname) as s, pg_get_statisticsobjdef(s.oid) as def", "pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace", OURS,
);
/** One object by its name, and that it is there. */
export const has = (catalogue: string, nameColumn: string, name: string) => `select quote_ident(${nameColumn}) as x from ${catalogue} where ${nameColumn} = '${name}'`;
export const hasTable = (name: string) => `select '${name}' as t from pg_class where oid = to_regclass('${name}')`;
export const ALWAYS = "select quote_ident(current_database()) as db";
