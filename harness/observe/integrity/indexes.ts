// Indexes: those that are not valid, and those that don't hold what their table holds.

import type pg from "pg";
import { USER, attempt, withoutIndexes, type Check, type IntegrityFact } from "./fact.ts";

export const invalidIndexes: Check = async (client) => {
  const query = `select i.indexrelid::regclass::text as subject, concat_ws(', ', case when not indisvalid then 'not valid' end,
      case when not indisready then 'not ready' end, case when not indislive then 'not live' end) as detail
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where not (indisvalid and indisready and indislive) and ${USER} order by 1`;
  const { rows } = await client.query<{ subject: string; detail: string }>(query);
  return rows.map(({ subject, detail }) => ({ kind: "invalid-index" as const, subject, count: 1, detail, query: query.replace(/\s+/g, " ") }));
};

/** amcheck with heapallindexed: also finds rows that an index lacks (as in 14.0 to 14.3). */
export const corruptIndexes: Check = async (client) => {
  const { rows } = await client.query<{ subject: string }>(`
    select i.indexrelid::regclass::text as subject from pg_index i join pg_class c on c.oid = i.indexrelid
      join pg_am a on a.oid = c.relam join pg_namespace n on n.oid = c.relnamespace
    where a.amname = 'btree' and c.relkind = 'i' and c.relpersistence <> 't' and i.indisvalid and i.indisready and ${USER} order by 1`);
  const facts: IntegrityFact[] = [];
  for (const { subject } of rows) {
    const query = `select bt_index_check('${subject.replaceAll("'", "''")}'::regclass, true)`;
    const answer = await attempt(client, query);
    if ("rows" in answer) continue;
    // index_corrupted or data_corrupted; anything else means that we could not look
    facts.push({ kind: answer.code === "XX002" || answer.code === "XX001" ? "corrupt-index" : "unchecked", subject, count: 1, detail: answer.message, query });
  }
  return facts;
};


type Other = { readonly subject: string; readonly access: string; readonly relation: string; readonly filter: string; readonly probe: string | null };

/**
 * What amcheck doesn't know is asked twice: with the index and without. BRIN and GiST, SP-GiST and GIN give rows by a condition; so each
 * index is asked for the rows that a sample of its own values finds. An index that gives fewer has lost some.
 */
export const incompleteIndexes: Check = async (client) => {
  const { rows } = await client.query<Other>(`
    select i.indexrelid::regclass::text as subject, m.amname as access, i.indrelid::regclass::text as relation, coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') as filter,
      case when q.oprname is not null and i.indexprs is null then format('%I operator(%I.%s) ', a.attname, s.nspname, q.oprname) end as probe
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam join pg_namespace n on n.oid = c.relnamespace
      left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      join pg_opclass o on o.oid = i.indclass[0]
      left join lateral (select w.amopopr from pg_amop w join pg_operator r on r.oid = w.amopopr
        where w.amopfamily = o.opcfamily and w.amoppurpose = 's' and w.amoplefttype = o.opcintype and w.amoprighttype = o.opcintype and r.oprname in ('=', '@>', '~=', '&&', '<@')
        order by array_position(array['=', '~=', '@>', '&&', '<@'], r.oprname::text) limit 1) w on true
      left join pg_operator q on q.oid = w.amopopr left join pg_namespace s on s.oid = q.oprnamespace
    where m.amname in ('hash', 'gist', 'spgist', 'gin', 'brin') and c.relkind = 'i' and c.relpersistence <> 't' and i.indisvalid and i.indisready and ${USER} order by 1`);
  const facts: IntegrityFact[] = [];
  for (const index of rows) facts.push(...(await askTwice(client, index)));
  return facts;
};

const SAMPLE = 20;

async function askTwice(client: pg.Client, { subject, access, relation, filter, probe }: Other): Promise<IntegrityFact[]> {
  const notAsked = (detail: string): IntegrityFact[] => [{ kind: "not-asked", subject, count: 0, detail, query: "" }];
  if (probe === null) return notAsked(`a ${access} index that no equality or containment can be asked of`);
  const column = probe.slice(0, probe.indexOf(" operator("));
  const sampled = await withoutIndexes(client, () => attempt<{ value: string }>(client, `select distinct quote_literal(${column}::text) || '::' || pg_typeof(${column})::text as value
    from only ${relation} where ${filter} and ${column} is not null order by 1 limit ${SAMPLE}`));
  if (!("rows" in sampled)) return [{ kind: "unchecked", subject, count: 1, detail: sampled.message, query: "" }];
  if (sampled.rows.length === 0) return [];
  const one = sampled.rows.map(({ value }) => `(select count(*) from only ${relation} where ${filter} and ${probe}${value})`).join(" + ");
  const query = `select (${one})::float8 as found`;
  const scanned = await withoutIndexes(client, () => attempt<{ found: number }>(client, query));
  await client.query("set local enable_seqscan = off");
  const found = await attempt<{ found: number }>(client, query);
  await client.query("set local enable_seqscan to default");
  if (!("rows" in scanned) || !("rows" in found)) return notAsked("the question itself fails");
  const [there, byIndex] = [scanned.rows[0]?.found ?? 0, found.rows[0]?.found ?? 0];
  return there === byIndex ? [] : [{ kind: "corrupt-index", subject, count: Math.abs(there - byIndex), detail: `the index gives ${byIndex} rows where its table has ${there}`, query }];
}
