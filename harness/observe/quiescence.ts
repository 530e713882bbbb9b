// The quiescence proof: nothing that clients sent can still take effect.

import type pg from "pg";
import { waitUntil } from "../base/deadline.ts";

/**
 * A client's time-out doesn't stop the server: an operation that is indeterminate may commit
 * seconds later, and a dump that is taken earlier reports a loss that never happened. So the
 * load has ended (the caller's part), and then the server itself says that no backend of a
 * client or of the migration is left and that no transaction waits in the prepared state.
 * @returns what was seen. @throws HarnessError `wait-timed-out` when it doesn't come about.
 */
export async function proveQuiescence(client: pg.Client, options: { /** Whether the replica applies what it receives later, on purpose. */ readonly delayed?: boolean; readonly withinMs: number; readonly signal?: AbortSignal }): Promise<string> {
  let seen = "nothing";
  return waitUntil({
    what: "quiescence: no client's backend and no replica behind",
    withinMs: options.withinMs,
    everyMs: 25,
    signal: options.signal,
    place: "postgres",
    lastSeen: () => seen,
    check: async () => {
      const { rows: [row] } = await client.query<{ backends: number; replicas: number; prepared: number }>(`select
        (select count(*)::int from pg_stat_activity where usename in ('app', 'migrator')) as backends,
        (select count(*)::int from pg_stat_replication where ${options.delayed ? "flush_lsn" : "replay_lsn"} is distinct from pg_current_wal_lsn()) as replicas,
        (select count(*)::int from pg_prepared_xacts) as prepared`);
      if (!row) return undefined;
      seen = `${row.backends} backends of clients, ${row.replicas} replicas behind, ${row.prepared} prepared transactions`;
      // A prepared transaction stays for ever: it is a finding about integrity, and no reason to wait.
      return row.backends === 0 && row.replicas === 0 ? seen : undefined;
    },
  });
}
