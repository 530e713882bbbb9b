// Indexes: those that are not valid, and those that don't hold what their table holds.

import { USER, attempt, type Check, type IntegrityFact } from "./fact.ts";

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
