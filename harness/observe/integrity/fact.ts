// What a check of integrity gives: one fact, with the identity of each row that it is about; and how checks ask.

import pg from "pg";
import { codeOf, messageOf } from "../../base/errors.ts";
import type { IntegrityKind } from "../../evidence/forms/facts.ts";
import { digestSql, MOST_KEYS } from "../../evidence/row-keys.ts";

/** One fact; the judge decides whether it is a problem. `count` 0 means none of it was found. */
export type IntegrityFact = {
  readonly kind: IntegrityKind;
  readonly subject: string;
  readonly count: number;
  readonly detail: string;
  readonly query: string;
  /** Which rows: their keys, all of them; of many their digests. Left out where there are too many even for that, or where none is meant. */
  readonly keys?: readonly string[];
  readonly digested?: boolean;
  /** What the object was found to be, where its state can grow worse. */
  readonly state?: Readonly<Record<string, string | number | boolean | null>>;
};

export type Check = (client: pg.Client) => Promise<IntegrityFact[]>;

/** Of a query: the schemas that belong to users. */
export const USER = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'turnback')";

/** Of a query over `pg_class c`: tables that hold rows themselves. */
export const HOLDS_ROWS = `c.relkind = 'r' and ${USER}`;

const MOST_DIGESTS = 100_000;

/** Names the columns of the primary key of the table, or of all of it, as one text, whatever their collations: a row's identity that a rewrite leaves alone. */
export const IDENTITY = (table: string, alias: string): string => `coalesce(
  (select '(concat_ws('', '', ' || string_agg(format('${alias}.%I', a.attname), ', ' order by array_position(i.indkey::int2[], a.attnum)) || ') collate "C")' from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) where i.indrelid = ${table} and i.indisprimary), 'md5(${alias}::text)')`;

/** Functions whose answer changes with the time or the session; from a `pg_node_tree`. Rules that call one aren't asked again. */
export const CHANGEABLE = (tree: string): string => `(${tree}::text ~ 'SQLVALUEFUNCTION' or exists (
  select from regexp_matches(${tree}::text, ':(?:funcid|opfuncid|elemfuncid) (\\d+)', 'g') f join pg_proc p on p.oid = f[1]::oid
  where p.provolatile <> 'i' and (p.pronamespace = 'pg_catalog'::regnamespace
    or p.prosrc ~* '(now\\s*\\(|current_|clock_timestamp|localtime|random|session_user|\\mfrom\\M|uuid)')))`;

export type Asked = { readonly subject: string; readonly query: string; readonly skip?: boolean };

/** Runs a query inside a savepoint; a damaged page or a broken definition is a fact and not the harness's end. */
export async function attempt<Row extends pg.QueryResultRow>(client: pg.Client, query: string): Promise<{ readonly rows: readonly Row[] } | { readonly code: string | undefined; readonly message: string }> {
  try {
    // One message: a hundred checks would wait for three hundred answers.
    const results = await client.query(`savepoint attempt; ${query}; release savepoint attempt`) as unknown as readonly pg.QueryResult<Row>[];
    return { rows: results[1]?.rows ?? [] };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query("rollback to savepoint attempt");
    return { code: codeOf(error), message: messageOf(error) };
  }
}

/** @param asked each query gives a row's identity as `key` for every row that breaks the rule */
export async function keysOfEach(client: pg.Client, kind: IntegrityFact["kind"], asked: readonly Asked[], what: string): Promise<IntegrityFact[]> {
  const facts: IntegrityFact[] = [];
  for (const { subject, query: broken, skip } of asked) {
    if (skip) {
      facts.push({ kind: "not-asked", subject, count: 0, detail: "its answer depends on the time or on the session", query: broken });
      continue;
    }
    const query = broken.replace(/\s+/g, " ");
    const answer = await attempt<{ count: number; keys: string[] | null }>(client, `
      with broken as materialized (${query}) select (select count(*)::int from broken) as count, (select array_agg(key order by key) from (select case when count(*) over () > ${MOST_KEYS} then ${digestSql("key")} else key::text end as key from broken limit ${MOST_DIGESTS}) b) as keys`);
    if (!("rows" in answer)) {
      facts.push({ kind: "unchecked", subject: `${kind} ${subject}`, count: 1, detail: answer.message, query });
      continue;
    }
    const { count = 0, keys = [] } = answer.rows[0] ?? {};
    const examples = count === 0 ? "" : `: ${(keys ?? []).slice(0, 3).join("; ")}${count > 3 ? "; ..." : ""}`;
    facts.push({ kind, subject, count, detail: `${count} ${what}${examples}`, query, ...(count > 0 && count <= MOST_DIGESTS && { keys: keys ?? [], ...(count > MOST_KEYS && { digested: true }) }) });
  }
  return facts;
}

/** Inside the work no index is read: what an index holds is what is being doubted. */
export async function withoutIndexes<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query("set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off");
  const done = await work();
  await client.query("set local enable_indexscan to default; set local enable_indexonlyscan to default; set local enable_bitmapscan to default");
  return done;
}
