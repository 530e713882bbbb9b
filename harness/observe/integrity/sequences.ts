// Sequences by who calls nextval: what the next values are, whether they fit, and whether they are free.

import type pg from "pg";
import { USER, attempt, type Check, type IntegrityFact } from "./fact.ts";

/** The next value as a number of any size, wherever `s` is the sequence's own row and `q` its definition. */
type Sequence = {
  readonly subject: string; readonly next: string; readonly step: string; readonly cycles: boolean;
  /** Why there is no further value; undefined where there is one. */
  readonly end: string | undefined;
  /** Where its values go: those columns that have nothing else as their default, and those that merely own it. */
  readonly columns: readonly { readonly relation: string; readonly column: string; readonly name: string; readonly direct: boolean; readonly unique: boolean; readonly most: string | null }[];
};

/** How many of the next values are looked for where a value may be made of more than the sequence: two in a row that are taken are no chance. */
const NEXT = 1_000;

/**
 * A column whose default is the sequence's next value, and nothing else, must hold none beyond it: `count` is how far it is behind. Where
 * ids are made of the time and a few bits of a sequence, it cycles, or the application calls nextval, the highest value says nothing: there
 * the values that come next are looked for, if the column takes none twice. `state.next` tells a sequence that was set back, whoever calls it.
 */
export const sequences: Check = async (client) => {
  const { rows } = await client.query<{ subject: string; oid: number; step: string; cycles: boolean; least: string; most: string; columns: Sequence["columns"] | null }>(`
    select s.oid::regclass::text as subject, q.seqincrement::text as step, q.seqcycle as cycles, q.seqmin::text as least, q.seqmax::text as most,
      (select json_agg(distinct jsonb_build_object('relation', t.oid::regclass::text, 'column', quote_ident(a.attname), 'name', t.oid::regclass || '.' || quote_ident(a.attname), 'direct', u.direct, 'unique', ${TAKES_NONE_TWICE},
          'most', case a.atttypid when 'smallint'::regtype then '32767' when 'integer'::regtype then '2147483647' when 'bigint'::regtype then '9223372036854775807' end))
        from (select d.refobjid as relid, d.refobjsubid as num, d.deptype = 'i' or exists (select from pg_attrdef f where f.adrelid = d.refobjid and f.adnum = d.refobjsubid and ${ONLY_NEXTVAL}) as direct
              from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = s.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
            union select f.adrelid, f.adnum, true from pg_depend d join pg_attrdef f on f.oid = d.objid where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = s.oid and ${ONLY_NEXTVAL}
            union select f.adrelid, f.adnum, false from pg_attrdef f join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_proc'::regclass join pg_proc p on p.oid = d.refobjid
              where ${ASKS_SEQUENCE}) u
          join pg_class t on t.oid = u.relid and t.relkind in ('r', 'p') join pg_attribute a on a.attrelid = u.relid and a.attnum = u.num
        where (u.direct or ${TAKES_NONE_TWICE})
          and a.atttypid in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype)) as columns
    from pg_class s join pg_namespace n on n.oid = s.relnamespace join pg_sequence q on q.seqrelid = s.oid where s.relkind = 'S' and ${USER} order by 1`);
  const facts: IntegrityFact[] = [];
  for (const row of rows) {
    const at = `select (case when is_called then last_value::numeric + ${row.step} else last_value end)::text as next from ${row.subject}`;
    const answer = await attempt<{ next: string }>(client, at);
    if (!("rows" in answer)) {
      facts.push({ kind: "unchecked", subject: `sequence ${row.subject}`, count: 1, detail: answer.message, query: at });
      continue;
    }
    const next = answer.rows[0]?.next ?? "0";
    const columns = row.columns ?? [];
    const most = columns.reduce((least, { most: one }) => (one !== null && BigInt(one) < least ? BigInt(one) : least), BigInt(row.most));
    const narrow = columns.find((column) => column.most !== null && BigInt(column.most) === most && most < BigInt(row.most))?.name;
    const past = BigInt(next) > most ? (narrow === undefined ? `it ends at ${row.most}` : `${narrow} takes none above ${most}`) : BigInt(next) < BigInt(row.least) ? `it ends at ${row.least}` : undefined;
    const end = row.cycles || past === undefined ? undefined : `it has no further value: the last one was ${BigInt(next) - BigInt(row.step)}, and ${past}`;
    facts.push(...(await ofSequence(client, { ...row, next, end, columns })));
  }
  return facts;
};

/** Of a column `a`. */
const TAKES_NONE_TWICE = "exists (select from pg_index i where i.indrelid = a.attrelid and i.indisunique and i.indnkeyatts = 1 and i.indkey[0] = a.attnum)";

/** Of a default `f`: nothing but the sequence's next value, cast or not. */
const ONLY_NEXTVAL = `pg_get_expr(f.adbin, f.adrelid) ~ '^\\(?nextval\\(''[^\\n]*''::regclass\\)\\)?(::[a-z]+)?$'`;

/** Of a function `p`: its body names the sequence `s` of the schema `n`, and asks for the next value. */
const ASKS_SEQUENCE = `p.prosrc ~* 'nextval' and exists (select from regexp_matches(p.prosrc, '''([^'']+)''', 'g') q where q[1] in (s.relname, n.nspname || '.' || s.relname, s.oid::regclass::text, format('%I.%I', n.nspname, s.relname)))
  or exists (select from pg_depend b where b.classid = 'pg_proc'::regclass and b.objid = p.oid and b.refclassid = 'pg_class'::regclass and b.refobjid = s.oid)`;

async function ofSequence(client: pg.Client, sequence: Sequence): Promise<IntegrityFact[]> {
  const { subject, next, step, cycles, end, columns } = sequence;
  const direct = columns.some((column) => column.direct);
  const own: IntegrityFact = {
    kind: "sequence", subject, count: 0, detail: end ?? `the next value is ${next}`, query: `select * from ${subject}`,
    state: { next, step, cycles, direct },
  };
  const used: IntegrityFact[] = [];
  for (const { relation, column, name, direct: alone, unique } of cycles ? columns.filter(({ unique }) => unique) : columns) {
    const up = BigInt(step) > 0n;
    const only = alone && !cycles; // one that cycles comes back to values below the highest
    const query = only
      ? `select greatest(0, ${up ? `max(${column}) - ${next} + 1` : `${next} - min(${column}) + 1`})::text as count, ${up ? "max" : "min"}(${column})::text as furthest from ${relation}`
      : `with taken as (select distinct ${column}::numeric as value from ${relation} where ${column}::numeric between least(${next}, ${next} + ${NEXT} * ${step}) and greatest(${next}, ${next} + ${NEXT} * ${step})),
          free as (select min(i) as run from generate_series(0, ${NEXT}) i where not exists (select from taken where value = ${next} + i * ${step}))
        select case when coalesce(run, ${NEXT}) >= ${alone ? 1 : 2} then coalesce(run, ${NEXT}) else 0 end::text as count, null as furthest from free`;
    const answer = await attempt<{ count: string | null; furthest: string | null }>(client, query);
    if (!("rows" in answer)) {
      used.push({ kind: "unchecked", subject: `sequence ${subject}`, count: 1, detail: answer.message, query });
      continue;
    }
    const { count, furthest } = answer.rows[0] ?? { count: "0", furthest: null };
    const silent = unique ? "" : `; nothing refuses a value of ${name} that is there already`;
    used.push({ ...own, state: { ...own.state, unique }, count: Math.min(Number(count ?? 0), Number.MAX_SAFE_INTEGER), query, detail: only ? `the next value is ${next}, the ${up ? "highest" : "lowest"} in ${name} is ${furthest ?? "none"}${silent}` : `the next value is ${next}; it and those after it, ${count} in a row, are taken in ${name}` });
  }
  const worst = used.toSorted((a, b) => b.count - a.count)[0] ?? own;
  return [worst, ...used.filter(({ kind }) => kind === "unchecked" && worst.kind !== kind), {
    kind: "sequence-exhausted", subject, count: end === undefined ? 0 : 1, query: own.query, detail: own.detail,
  }];
}
