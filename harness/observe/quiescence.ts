// The quiescence proof: nothing that anybody sent can still take effect.

import type pg from "pg";
import { waitUntil } from "../base/deadline.ts";
import type { BlueGreen } from "../topology/blue-green.ts";
import type { Cluster } from "../topology/cluster.ts";
import { BACKEND, inWords, type Backend } from "./backends.ts";

/** What the harness itself connects between servers, by its exact names. */
export type OwnReplication = {
  /** The application_name of whoever receives WAL from this server: a replica by its server's name, a link by its own. */
  readonly receivers?: readonly string[];
  /** The subscriptions of this server that are ours. */
  readonly subscriptions?: readonly string[];
};

/** A replica names itself as its server is named; a link and its subscription have one name. */
export function ownReplication({ replica }: Pick<Cluster, "replica">, blueGreen: BlueGreen | undefined): OwnReplication {
  const links = blueGreen ? [blueGreen.forward.name, blueGreen.backward.name] : [];
  return { receivers: [...(replica ? [replica.name] : []), ...links], subscriptions: links };
}

type Options = {
  /** Whether the replica applies what it receives later, on purpose. */
  readonly delayed?: boolean;
  readonly own?: OwnReplication;
  readonly withinMs: number;
  readonly signal?: AbortSignal;
};

/** Processes of the server's own. An autovacuum worker changes no row, and its locks and those of the facts let each other be: it is named, and not waited for. */
const SERVERS_OWN = ["autovacuum launcher", "autovacuum worker", "logical replication launcher", "archiver", "background writer", "checkpointer", "walwriter", "walsummarizer", "walreceiver", "startup", "io worker", "slotsync worker"];

/**
 * A client's time-out doesn't stop the server: an operation that is indeterminate may commit
 * seconds later, and a dump that is taken earlier reports a loss that never happened. So the
 * load has ended (the caller's part), and then the server itself says that no backend of a
 * client or of the migration is left, and that nobody else is at work on it: a person's psql, a scheduler's job, a session
 * of dblink, somebody's replication. Whoever is not ours is a stranger, in whichever database: roles and settings belong to all.
 *
 * A stranger that is idle outside a transaction has nothing that could still take effect. It could begin something at any moment, as
 * could one that connects a moment later: no count of backends keeps that away, but the locks of the facts and their comparison before
 * and after do. So it is named, and proves nothing wrong; poolers and monitoring are connected to every production server.
 * @returns what was seen. @throws HarnessError `wait-timed-out` when it doesn't come about.
 */
export async function proveQuiescence(client: pg.Client, options: Options): Promise<string> {
  const { delayed = false, own: { receivers = [], subscriptions = [] } = {} } = options;
  let seen = "nothing";
  return waitUntil({
    what: "quiescence: no client's backend, no stranger at work, and no replica behind",
    withinMs: options.withinMs,
    everyMs: 25,
    signal: options.signal,
    place: "postgres",
    lastSeen: () => seen,
    check: async () => {
      const { rows: [row] } = await client.query<{ backends: number; replicas: number; prepared: number; vacuums: readonly string[] }>(`select
        (select count(*)::int from pg_stat_activity where usename in ('app', 'migrator') and leader_pid is null and backend_type = 'client backend') as backends,
        (select count(*)::int from pg_stat_replication where application_name = any ($1) and ${delayed ? "flush_lsn" : "replay_lsn"} is distinct from pg_current_wal_lsn()) as replicas,
        (select count(*)::int from pg_prepared_xacts) as prepared,
        array(select concat_ws(' in ', query, datname) from pg_stat_activity where backend_type = 'autovacuum worker' and query <> '' order by pid) as vacuums`, [receivers]);
      if (!row) return undefined;
      const strangers = await strangersOf(client, receivers, subscriptions);
      const busy = strangers.filter(({ atWork }) => atWork);
      const idle = strangers.filter(({ atWork }) => !atWork);
      seen = [
        `${row.backends} backends of clients, ${row.replicas} replicas behind, ${row.prepared} prepared transactions`,
        ...(busy.length === 0 ? [] : [`not ours and at work: ${listed(busy)}; end it, and keep it from this server while a drill runs`]),
        ...(row.vacuums.length === 0 ? [] : [`the server's own, and let be: ${row.vacuums.join(", ")}`]),
        ...(idle.length === 0 ? [] : [`warning: connected and idle, not ours: ${listed(idle)}`]),
      ].join("; ");
      // A prepared transaction stays for ever: it is a finding about integrity, and no reason to wait.
      return row.backends === 0 && row.replicas === 0 && busy.length === 0 ? seen : undefined;
    },
  });
}

const NAMED = 5;

function listed(backends: readonly Backend[]): string {
  return [...backends.slice(0, NAMED).map(inWords), ...(backends.length > NAMED ? [`and ${backends.length - NAMED} more`] : [])].join("; ");
}

/** Parallel workers count as whoever they work for. A background worker of an extension is at work while it has a transaction. */
async function strangersOf(client: pg.Client, receivers: readonly string[], subscriptions: readonly string[]): Promise<(Backend & { readonly atWork: boolean })[]> {
  const { rows } = await client.query<Backend & { atWork: boolean }>(`
    select ${BACKEND}, a.xact_start is not null or coalesce(a.state, 'idle') <> 'idle' or a.backend_type like 'logical replication%' as "atWork"
    from pg_stat_activity a
    where a.pid <> pg_backend_pid() and a.leader_pid is distinct from pg_backend_pid() and a.backend_type <> all ($1)
      and not (a.usename in ('app', 'migrator') and a.leader_pid is null and a.backend_type = 'client backend')
      and not (a.backend_type = 'walsender' and a.usename = 'turnback' and a.application_name = any ($2))
      and a.pid not in (select s.pid from pg_stat_subscription s where s.subname = any ($3) and s.pid is not null)
    order by a.backend_start`, [SERVERS_OWN, receivers, subscriptions]);
  return rows;
}
