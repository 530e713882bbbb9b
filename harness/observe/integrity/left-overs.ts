// What outlives sessions: prepared transactions, locks, slots, subscriptions; and in what state it is.

import { READER } from "../../topology/postgres.ts";
import { attempt, type Check, type IntegrityFact } from "./fact.ts";

/** The session that asks the declaration's queries, whatever they do in it. */
const NOT_OURS = `usename is distinct from '${READER}'`;

/** Things that outlive sessions and hold back the database: each row is one that is there now. */
const LEFT_OVERS: readonly (readonly [IntegrityFact["kind"], string])[] = [
  ["prepared-transaction", "select gid as subject, 1 as count, 'prepared at ' || prepared || ' by ' || owner as detail from pg_prepared_xacts where database = current_database()"],
  ["advisory-lock", `select concat_ws('/', classid, objid) as subject, 1 as count, 'held by backend ' || l.pid || ', ' || coalesce(a.application_name, '?') as detail
    from pg_locks l left join pg_stat_activity a using (pid) where locktype = 'advisory' and ${NOT_OURS} and l.database = (select oid from pg_database where datname = current_database())`],
  ["open-transaction", `select 'backend ' || pid as subject, 1 as count, coalesce(application_name, '') || ' ' || state || ' since ' || xact_start as detail
    from pg_stat_activity where datname = current_database() and ${NOT_OURS} and pid <> pg_backend_pid() and xact_start is not null and backend_type = 'client backend'`],
  ["checksum-failures", "select datname as subject, checksum_failures::int as count, checksum_failures || ' failures' as detail from pg_stat_database where datname = current_database() and checksum_failures > 0"],
];

export const leftOvers: Check = async (client) => {
  const facts: IntegrityFact[] = [];
  for (const [kind, sql] of LEFT_OVERS) {
    const query = sql.replace(/\s+/g, " ");
    const { rows } = await client.query<{ subject: string; count: number; detail: string }>(query);
    facts.push(...rows.map((row) => ({ kind, subject: row.subject, count: row.count, detail: row.detail, query })));
  }
  return facts;
};

/**
 * `harm` 2: a slot that was invalidated keeps its name, and whoever followed by it must be built anew; 1: the next checkpoint may do that.
 * `is` what kind of slot it is. `at` where its consumer has come to, `sent` how many transactions it has been sent, since `counted`: what
 * lies between two positions and was never sent, as after a slot was dropped and made again by the same name, its consumer misses.
 */
export const slots: Check = async (client) => {
  const query = `select s.slot_name as subject, concat_ws(', ', s.slot_type, 'WAL ' || s.wal_status, s.reason, case when s.active then 'active' end) as detail,
      json_build_object('harm', case when s.wal_status = 'lost' or s.reason is not null then 2 when s.wal_status = 'unreserved' then 1 else 0 end, 'is', concat_ws(', ', s.slot_type, s.plugin, s.database, case when s.two_phase then 'two-phase' end, s.fails_over),
        'at', (s.confirmed_flush_lsn - '0/0')::text, 'sent', (select n.total_txns::text from pg_stat_replication_slots n where n.slot_name = s.slot_name and n.stats_reset is null), 'counted', (select stats_reset::text from pg_stat_bgwriter)) as state
    from (select t.*, case when (to_jsonb(t) ->> 'failover')::boolean then 'failover' end as fails_over, coalesce(to_jsonb(t) ->> 'invalidation_reason', case when (to_jsonb(t) ->> 'conflicting')::boolean then 'conflicting' end) as reason from pg_replication_slots t) s
    where not s.temporary order by 1`.replace(/\s+/g, " ");
  const { rows } = await client.query<{ subject: string; detail: string; state: NonNullable<IntegrityFact["state"]> }>(query);
  return rows.map((row): IntegrityFact => ({ kind: "replication-slot", count: 1, query, ...row }));
};

/** Enabled or not, and what went wrong since. */
export const subscriptions: Check = async (client) => {
  const query = "select subname as subject, case when subenabled then 'enabled' else 'disabled' end as detail, json_build_object('harm', case when subenabled then 0 else 2 end) as state from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) order by 1";
  const answer = await attempt<{ subject: string; detail: string; state: Record<string, number> }>(client, query);
  return "rows" in answer ? answer.rows.map((row): IntegrityFact => ({ kind: "subscription", count: 0, query, ...row })) : [{ kind: "unchecked", subject: "subscriptions", count: 1, detail: answer.message, query }];
};
