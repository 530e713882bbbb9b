// Integrity facts: what the database holds that it must not, measured rather than believed.

import pg from "pg";
import { codeOf, messageOf } from "../base/errors.ts";

/** One fact; the judge decides whether it is a problem. `count` 0 means none of it was found. */
export type IntegrityFact = {
  readonly kind:
    | "orphans" | "check-violations" | "sequence" | "invalid-index" | "corrupt-index" | "corrupt-table" | "duplicates" | "wrong-partition"
    | "checksum-failures" | "prepared-transaction" | "replication-slot" | "orphaned-files" | "advisory-lock" | "open-transaction"
    | "replica-missing" | "replica-timeline" | "replica-behind" | "replica-diverged" | "unchecked";
  readonly subject: string;
  readonly count: number;
  readonly detail: string;
  readonly query: string;
};

type Check = (client: pg.Client) => Promise<IntegrityFact[]>;

const USER = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'turnback')";

/** Foreign keys recomputed by anti-join: `convalidated` says what was once checked, not what is. */
const orphans: Check = async (client) => {
  const { rows } = await client.query<{ subject: string; query: string }>(`
    select k.conrelid::regclass || ': ' || k.conname as subject,
      format('select count(*)::int as count from only %s c where %s and not exists (select 1 from %s p where %s)', k.conrelid::regclass,
        (select string_agg(format('c.%I is not null', a.attname), ' and ') from unnest(k.conkey) x join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x),
        k.confrelid::regclass,
        (select string_agg(format('p.%I = c.%I', b.attname, a.attname), ' and ') from unnest(k.conkey, k.confkey) x (f, t)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.f join pg_attribute b on b.attrelid = k.confrelid and b.attnum = x.t)) as query
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace join pg_class c on c.oid = k.conrelid
    where k.contype = 'f' and c.relkind = 'r' and ${USER} order by 1`);
  return countEach(client, "orphans", rows, "rows without their parent");
};

const checkViolations: Check = async (client) => {
  const { rows } = await client.query<{ subject: string; query: string }>(`
    select k.conrelid::regclass || ': ' || k.conname as subject,
      format('select count(*)::int as count from only %s where not (%s)', k.conrelid::regclass, pg_get_expr(k.conbin, k.conrelid)) as query
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace join pg_class c on c.oid = k.conrelid
    where k.contype = 'c' and c.relkind = 'r' and ${USER} order by 1`);
  return countEach(client, "check-violations", rows, "rows that break the check");
};

/** Uniqueness recomputed by a scan of the table: an index that was not kept up doesn't know its duplicates. */
const duplicates: Check = async (client) => {
  const { rows } = await client.query<{ subject: string; query: string }>(`
    select i.indexrelid::regclass::text as subject, format('select count(*)::int as count from (select 1 from only %s where %s group by %s having count(*) > 1) d', i.indrelid::regclass,
        concat_ws(' and ', coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'), (select string_agg(format('(%s) is not null', pg_get_indexdef(i.indexrelid, k, true)), ' and ') from generate_series(1, i.indnkeyatts) k)),
        (select string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ') from generate_series(1, i.indnkeyatts) k)) as query
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
    where i.indisunique and c.relkind = 'i' and t.relkind in ('r', 'm') and t.relispopulated and ${USER} order by 1`);
  await client.query("set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off");
  const facts = await countEach(client, "duplicates", rows, "values more than once");
  await client.query("set local enable_indexscan to default; set local enable_indexonlyscan to default; set local enable_bitmapscan to default");
  return facts;
};

/** Rows that stand in a partition whose bounds they break: attaching trusts a check that calls itself valid. */
const wrongPartitions: Check = async (client) => {
  const { rows } = await client.query<{ subject: string; query: string }>(`
    select c.oid::regclass::text as subject, format('select count(*)::int as count from only %s where not (%s)', c.oid::regclass, pg_get_partition_constraintdef(c.oid)) as query
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relispartition and c.relkind = 'r' and pg_get_partition_constraintdef(c.oid) is not null and ${USER} order by 1`);
  await client.query("set local constraint_exclusion = off"); // or the planner believes the bounds, and does not look
  const facts = await countEach(client, "wrong-partition", rows, "rows that belong elsewhere");
  await client.query("set local constraint_exclusion to default");
  return facts;
};

/** Runs a query inside a savepoint; a damaged page or a broken definition is a fact and not the harness's end. */
async function attempt<Row extends pg.QueryResultRow>(client: pg.Client, query: string): Promise<{ readonly rows: readonly Row[] } | { readonly code: string | undefined; readonly message: string }> {
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

async function countEach(client: pg.Client, kind: IntegrityFact["kind"], rows: readonly { subject: string; query: string }[], what: string): Promise<IntegrityFact[]> {
  const facts: IntegrityFact[] = [];
  for (const { subject, query } of rows) {
    const answer = await attempt<{ count: number }>(client, query);
    if ("rows" in answer) facts.push({ kind, subject, count: answer.rows[0]?.count ?? 0, detail: `${answer.rows[0]?.count ?? 0} ${what}`, query });
    else facts.push({ kind: "unchecked", subject: `${kind} ${subject}`, count: 1, detail: answer.message, query });
  }
  return facts;
}

/** The value that the sequence would give next, against the highest in its column: `count` is how far it is behind. */
const sequences: Check = async (client) => {
  const { rows } = await client.query<{ subject: string; sequence: string; query: string }>(`
    select t.oid::regclass || '.' || a.attname as subject, s.oid::regclass::text as sequence,
      format('select greatest(0, coalesce(max(%1$I), 0) - (select case when is_called then last_value + %4$s else last_value end from %3$s) + 1)::bigint::text as count,
        coalesce(max(%1$I), 0)::text as highest, (select case when is_called then last_value + %4$s else last_value end from %3$s)::text as next from %2$s',
        a.attname, t.oid::regclass, s.oid::regclass, q.seqincrement) as query
    from pg_class s join pg_namespace n on n.oid = s.relnamespace join pg_sequence q on q.seqrelid = s.oid
      join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0
      join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    where s.relkind = 'S' and q.seqincrement > 0 and ${USER} order by 1`);
  const facts: IntegrityFact[] = [];
  for (const { subject, sequence, query } of rows) {
    const answer = await attempt<{ count: string; highest: string; next: string }>(client, query);
    if (!("rows" in answer)) {
      facts.push({ kind: "unchecked", subject: `sequence ${sequence}`, count: 1, detail: answer.message, query });
      continue;
    }
    const [row] = answer.rows;
    facts.push({
      kind: "sequence", subject: sequence, count: Number(row?.count ?? 0), query: query.replace(/\s+/g, " "),
      detail: `the next value is ${row?.next}, the highest in ${subject} is ${row?.highest}`,
    });
  }
  return facts;
};

const invalidIndexes: Check = async (client) => {
  const query = `select i.indexrelid::regclass::text as subject, concat_ws(', ', case when not indisvalid then 'not valid' end,
      case when not indisready then 'not ready' end, case when not indislive then 'not live' end) as detail
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where not (indisvalid and indisready and indislive) and ${USER} order by 1`;
  const { rows } = await client.query<{ subject: string; detail: string }>(query);
  return rows.map(({ subject, detail }) => ({ kind: "invalid-index" as const, subject, count: 1, detail, query: query.replace(/\s+/g, " ") }));
};

/** amcheck with heapallindexed: also finds rows that an index lacks (as in 14.0 to 14.3). */
const corruptIndexes: Check = async (client) => {
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

/** amcheck over the tables themselves: pages that can't be read, tuples that can't be. */
const corruptTables: Check = async (client) => {
  const { rows } = await client.query<{ subject: string }>(`
    select c.oid::regclass::text as subject from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and c.relpersistence <> 't' and ${USER} order by 1`);
  const facts: IntegrityFact[] = [];
  for (const { subject } of rows) {
    const query = `select count(*)::int as count, min(msg) as first from verify_heapam('${subject.replaceAll("'", "''")}'::regclass)`;
    const answer = await attempt<{ count: number; first: string | null }>(client, query);
    if (!("rows" in answer)) facts.push({ kind: answer.code === "XX001" ? "corrupt-table" : "unchecked", subject, count: 1, detail: answer.message, query });
    else if ((answer.rows[0]?.count ?? 0) > 0) facts.push({ kind: "corrupt-table", subject, count: answer.rows[0]?.count ?? 0, detail: answer.rows[0]?.first ?? "", query });
  }
  return facts;
};

/**
 * Files with content that belong to no table or index: what a crash leaves of a table that was being rewritten or an index that
 * was being built. Nothing ever removes them. What was dropped just now is an empty file until the next checkpoint.
 */
const orphanedFiles: Check = async (client) => {
  const query = `with spaces as (
      select 0::oid as space, 'pg_default' as name, 'base/' || oid as folder from pg_database where datname = current_database()
      union all
      select t.oid, t.spcname, f.folder from pg_tablespace t, lateral (select 'pg_tblspc/' || t.oid || '/' || v || '/' || d.oid as folder
        from pg_ls_dir('pg_tblspc/' || t.oid, true, false) v, pg_database d where d.datname = current_database()) f where t.spcname not in ('pg_default', 'pg_global')
    ), files as (
      select space, name, folder || '/' || file as file, split_part(file, '.', 1)::oid as filenode, (pg_stat_file(folder || '/' || file, true)).size as size
      from spaces, pg_ls_dir(folder, true, false) file where file ~ '^[0-9]+([.][0-9]+)?$'
    )
    select 'tablespace ' || name as subject, count(*)::int as count, count(*) || case count(*) when 1 then ' file' else ' files' end || ' with ' || sum(size) || ' bytes that belong to no table: ' || string_agg(file, ', ' order by file) as detail
    from files where size > 0 and pg_filenode_relation(space, filenode) is null group by name order by name`.replace(/\s+/g, " ");
  const { rows } = await client.query<{ subject: string; count: number; detail: string }>(query);
  return rows.map((row) => ({ kind: "orphaned-files" as const, ...row, query }));
};

/** Things that outlive sessions and hold back the database: each row is one that is there now. */
const LEFT_OVERS: readonly (readonly [IntegrityFact["kind"], string])[] = [
  ["prepared-transaction", "select gid as subject, 1 as count, 'prepared at ' || prepared || ' by ' || owner as detail from pg_prepared_xacts where database = current_database()"],
  ["replication-slot", "select slot_name as subject, 1 as count, slot_type || ', active: ' || active as detail from pg_replication_slots"],
  ["advisory-lock", `select concat_ws('/', classid, objid) as subject, 1 as count, 'held by backend ' || l.pid || ', ' || coalesce(a.application_name, '?') as detail
    from pg_locks l left join pg_stat_activity a using (pid) where locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())`],
  ["open-transaction", `select 'backend ' || pid as subject, 1 as count, coalesce(application_name, '') || ' ' || state || ' since ' || xact_start as detail
    from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null and backend_type = 'client backend'`],
  ["checksum-failures", "select datname as subject, checksum_failures::int as count, checksum_failures || ' failures' as detail from pg_stat_database where datname = current_database() and checksum_failures > 0"],
];

const leftOvers: Check = async (client) => {
  const facts: IntegrityFact[] = [];
  for (const [kind, sql] of LEFT_OVERS) {
    const query = sql.replace(/\s+/g, " ");
    const { rows } = await client.query<{ subject: string; count: number; detail: string }>(query);
    facts.push(...rows.map((row) => ({ kind, subject: row.subject, count: row.count, detail: row.detail, query })));
  }
  return facts;
};

/** All facts, inside the caller's transaction. */
export async function integrityFacts(client: pg.Client): Promise<IntegrityFact[]> {
  const facts: IntegrityFact[] = [];
  for (const check of [orphans, checkViolations, duplicates, wrongPartitions, sequences, invalidIndexes, corruptIndexes, corruptTables, orphanedFiles, leftOvers]) {
    facts.push(...(await check(client)));
  }
  return facts;
}
