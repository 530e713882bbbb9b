// What each column promises of its values: NOT NULL, validated or not; its domain's checks; what a stored generated column is made of.

import type pg from "pg";
import { CHANGEABLE, HOLDS_ROWS, IDENTITY, attempt, keysOfEach, type Asked, type Check } from "./fact.ts";

type OfTable = Asked & { readonly relation: string; readonly condition: string };

/** One look at a table settles all of its columns where nothing is wrong, as nearly always. */
async function thoseThatMayBreak(client: pg.Client, rows: readonly OfTable[]): Promise<Asked[]> {
  const tables = Map.groupBy(rows, ({ relation }) => relation);
  const asked: Asked[] = [];
  for (const [relation, columns] of tables) {
    const answer = await attempt<{ broken: boolean }>(client, `select exists (select from only ${relation} c where ${columns.map(({ condition }) => `(${condition})`).join(" or ")}) as broken`);
    if (!("rows" in answer) || answer.rows[0]?.broken) asked.push(...columns);
  }
  return asked;
}

/** `attnotnull` is true also of a constraint that was never validated; the planner believes it, so it is asked in words that it doesn't know. */
export const nullValues: Check = async (client) => {
  const { rows } = await client.query<OfTable>(`
    select c.oid::regclass::text as relation, c.oid::regclass || '.' || quote_ident(a.attname) as subject, condition,
      format('select %s as key from only %s c where %s', ${IDENTITY("c.oid", "c")}, c.oid::regclass, condition) as query
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace cross join lateral (select format('num_nulls(c.%I) > 0', a.attname) as condition) x
    where a.attnotnull and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v' and ${HOLDS_ROWS} order by c.oid, a.attnum`);
  return keysOfEach(client, "null-values", await thoseThatMayBreak(client, rows), "rows that are null though the column is not null");
};

/** A stored value is computed when the row is written, and not when the function that it calls is replaced. */
export const staleGenerated: Check = async (client) => {
  const { rows } = await client.query<OfTable>(`
    select c.oid::regclass::text as relation, c.oid::regclass || '.' || quote_ident(a.attname) as subject, condition,
      format('select %s as key from only %s c where %s', ${IDENTITY("c.oid", "c")}, c.oid::regclass, condition) as query
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      cross join lateral (select format('(c.%I)::text collate "C" is distinct from ((%s)::%s)::text collate "C"', a.attname, pg_get_expr(d.adbin, d.adrelid), format_type(a.atttypid, a.atttypmod)) as condition) x
    where a.attgenerated = 's' and not a.attisdropped and ${HOLDS_ROWS} order by c.oid, a.attnum`);
  return keysOfEach(client, "stale-generated", await thoseThatMayBreak(client, rows), "rows whose value is not what the column's definition gives");
};

/**
 * Checks and NOT NULL of domains, of domains over domains, of arrays of them, and of the fields of composite types, however deep. Where a
 * composite value is NULL as a whole, its fields promise nothing.
 */
export const domainViolations: Check = async (client) => {
  const isArray = (type: string) => `${type}.typelem <> 0 and ${type}.typcategory = 'A' and ${type}.typtype = 'b'`;
  const { rows } = await client.query<Asked>(`
    with recursive domains (attrelid, attnum, label, expression, parent, domain) as (
      select a.attrelid, a.attnum, quote_ident(a.attname) collate "C", format(case when ${isArray("t")} then 'unnest(c.%I)' else 'c.%I' end, a.attname) collate "C", text 'true' collate "C", case when ${isArray("t")} then t.typelem else t.oid end
        from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'
      union all
      select d.attrelid, d.attnum, x.label collate "C", x.expression collate "C", x.parent collate "C", x.type from domains d join pg_type t on t.oid = d.domain cross join lateral (
        select d.label, d.expression, d.parent, t.typbasetype where t.typtype = 'd'
        union all
        select d.label || '.' || quote_ident(f.attname), format(case when ${isArray("ft")} then 'unnest((%s).%I)' else '(%s).%I' end, d.expression, f.attname),
            case when ${isArray("ft")} then 'true' else d.expression end, case when ${isArray("ft")} then ft.typelem else ft.oid end
          from pg_attribute f join pg_type ft on ft.oid = f.atttypid where t.typtype = 'c' and f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped) x (label, expression, parent, type))
    select c.oid::regclass || '.' || d.label || ': ' || k.conname as subject, k.conbin is not null and ${CHANGEABLE("k.conbin")} as skip,
      format('select key from (select %1$s as key, (%2$s)::%5$s as value, %6$s as parent from only %3$s c) q where num_nulls(parent) = 0 and (%4$s)', ${IDENTITY("c.oid", "c")},
        d.expression, c.oid::regclass,
        case k.contype when 'c' then format('not (%s)', substring(pg_get_constraintdef(k.oid) from '^CHECK \\((.*)\\)(?: NOT VALID)?$')) else 'num_nulls(value) > 0' end,
        format_type(b.base, b.mod), d.parent) as query
    from domains d join pg_class c on c.oid = d.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_constraint k on k.contypid = d.domain and k.contype in ('c', 'n')
      cross join lateral (with recursive up (base, mod, is_domain) as (select d.domain, -1, true union all select t.typbasetype, t.typtypmod, (select u.typtype = 'd' from pg_type u where u.oid = t.typbasetype) from up join pg_type t on t.oid = up.base where up.is_domain)
        select base, mod from up where not is_domain) b
    where ${HOLDS_ROWS} order by 1`);
  return keysOfEach(client, "domain-violations", rows, "rows whose value its domain forbids");
};
