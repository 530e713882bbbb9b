// Constraints asked again with their own semantics: operators, MATCH FULL, PERIOD, collations, NOT ENFORCED, predicates.

import { CHANGEABLE, HOLDS_ROWS, IDENTITY, keysOfEach, type Asked, type Check } from "./fact.ts";

/** Columns that only newer servers have are read from the row as JSON. */
const ENFORCED = "coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)";

/**
 * Foreign keys recomputed by anti-join: `convalidated` says what was once checked, not what is. A key with PERIOD asks that the
 * parents' ranges together contain the child's. The copies that a partitioned parent makes of a key, one a partition, are no keys.
 */
export const orphans: Check = async (client) => {
  const { rows } = await client.query<Asked>(`
    select k.conrelid::regclass || ': ' || k.conname as subject, format('select %s as key from only %s c where (%s) and not (%s)',
      ${IDENTITY("k.conrelid", "c")}, k.conrelid::regclass,
      case k.confmatchtype when 'f' then 'num_nonnulls(' || columns || ') > 0' else 'not (num_nulls(' || columns || ') > 0)' end,
      case when period then format('coalesce(c.%I <@ (select range_agg(p.%I) from %s p where %s), false)', lastc, lastp, parent, coalesce(equal_but_last, 'true'))
        else format('exists (select from %s p where %s)', parent, equal) end) as query
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_class r on r.oid = k.confrelid
      cross join lateral (select coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false) as period, case r.relkind when 'r' then 'only ' else '' end || r.oid::regclass as parent) m
      cross join lateral (select string_agg(format('c.%I', a.attname), ', ') as columns, string_agg(pair, ' and ') as equal, string_agg(pair, ' and ') filter (where x.o < cardinality(k.conkey)) as equal_but_last,
          max(a.attname::text) filter (where x.o = cardinality(k.conkey)) as lastc, max(b.attname::text) filter (where x.o = cardinality(k.conkey)) as lastp
        from unnest(k.conkey, k.confkey, k.conpfeqop) with ordinality x (f, t, op, o) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.f
          join pg_attribute b on b.attrelid = k.confrelid and b.attnum = x.t join pg_operator q on q.oid = x.op join pg_namespace s on s.oid = q.oprnamespace
          left join pg_collation l on l.oid = b.attcollation and l.oid <> a.attcollation left join pg_namespace m on m.oid = l.collnamespace
          cross join lateral (select concat(format('p.%I operator(%I.%s) c.%I', b.attname, s.nspname, q.oprname, a.attname), case when l.oid is not null then format(' collate %I.%I', m.nspname, l.collname) end) as pair) y) z
    where k.contype = 'f' and ${ENFORCED} and not exists (select from pg_constraint u where u.oid = k.conparentid and u.conrelid = k.conrelid) and ${HOLDS_ROWS} order by 1`);
  // Where the planner takes the condition for rare, as it takes `= 0`, it hashes the children, who are many, and not their parents.
  // It would look for each row's parent by an index as well: slower, and an index is no witness.
  await client.query("set local enable_nestloop = off; set local enable_mergejoin = off");
  const facts = await keysOfEach(client, "orphans", rows, "rows without their parent");
  await client.query("set local enable_nestloop to default; set local enable_mergejoin to default");
  return facts;
};

export const checkViolations: Check = async (client) => {
  const { rows } = await client.query<Asked>(`
    select k.conrelid::regclass || ': ' || k.conname as subject, ${CHANGEABLE("k.conbin")} as skip,
      format('select %s as key from only %s c where not (%s)', ${IDENTITY("k.conrelid", "c")}, k.conrelid::regclass, pg_get_expr(k.conbin, k.conrelid)) as query
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'c' and ${ENFORCED} and ${HOLDS_ROWS} order by 1`);
  await client.query("set local constraint_exclusion = off"); // or the planner believes the check, and does not look
  const facts = await keysOfEach(client, "check-violations", rows, "rows that break the check");
  await client.query("set local constraint_exclusion to default");
  return facts;
};

/** Pairs of rows that conflict by the constraint's own operators: exclusion, and keys WITHOUT OVERLAPS. */
export const exclusionViolations: Check = async (client) => {
  const { rows } = await client.query<Asked & { large: boolean }>(`
    select k.conrelid::regclass || ': ' || k.conname as subject, c.reltuples > 5000 as large,
      format('with v as materialized (select c.ctid as at, %s as key, %s from only %s c where %s) select a.key || '' and '' || b.key as key from v a join v b on a.at < b.at and %s',
        ${IDENTITY("k.conrelid", "c")}, string_agg(format('(%s) as e%s', pg_get_indexdef(k.conindid, x.o::int, true), x.o), ', ' order by x.o), k.conrelid::regclass,
        coalesce((select pg_get_expr(i.indpred, i.indrelid) from pg_index i where i.indexrelid = k.conindid), 'true'),
        string_agg(format('a.e%1$s operator(%2$I.%3$s) b.e%1$s', x.o, s.nspname, q.oprname), ' and ' order by x.o)) as query
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      cross join unnest(k.conexclop) with ordinality x (op, o) join pg_operator q on q.oid = x.op join pg_namespace s on s.oid = q.oprnamespace
    where k.conexclop is not null and ${HOLDS_ROWS} group by k.oid, k.conrelid, k.conname, k.conindid, c.reltuples order by 1`);
  const large = rows.filter((row) => row.large).map((row) => ({ ...row, skip: !/ operator\(pg_catalog\.=\)/.test(row.query) }));
  const asked = await keysOfEach(client, "exclusion-violations", [...rows.filter((row) => !row.large), ...large], "pairs of rows that exclude each other");
  return asked.map((fact) => (fact.kind === "not-asked" ? { ...fact, detail: "every row would have to be held against every other one" } : fact));
};

/** Rows that stand in a partition whose bounds they break: attaching trusts a check that calls itself valid. */
export const wrongPartitions: Check = async (client) => {
  const { rows } = await client.query<Asked>(`
    select c.oid::regclass::text as subject, format('select %s as key from only %s c where not (%s)', ${IDENTITY("c.oid", "c")}, c.oid::regclass, pg_get_partition_constraintdef(c.oid)) as query
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relispartition and pg_get_partition_constraintdef(c.oid) is not null and ${HOLDS_ROWS} order by 1`);
  await client.query("set local constraint_exclusion = off"); // or the planner believes the bounds, and does not look
  const facts = await keysOfEach(client, "wrong-partition", rows, "rows that belong elsewhere");
  await client.query("set local constraint_exclusion to default");
  return facts;
};
