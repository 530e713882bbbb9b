// A migrator's sessions: one with each database that its steps are on, begun when it is first needed.

import type pg from "pg";
import { monotonicMs } from "../base/clock.ts";
import { waitUntil } from "../base/deadline.ts";
import { messageOf } from "../base/errors.ts";
import { connect, cut } from "../topology/postgres.ts";
import { viewOf, viewsOf, type Topology } from "../topology/topology.ts";

const ENDED_WITHIN_MS = 5_000;

/** The session with a database by its name, or with the first one. */
export type OnDatabase = (database: string | undefined) => Promise<pg.Client>;

/** Works with sessions through the migration's paths, and ends them; when the signal says so, they are cut off at once. */
export async function withSessions<T>(topology: Topology, name: string, signal: AbortSignal, work: (on: OnDatabase) => Promise<T>): Promise<T> {
  const sessions = new Map<string | undefined, Promise<pg.Client>>();
  const on: OnDatabase = (database) => {
    const session = sessions.get(database) ?? connect(viewOf(topology, database).access("migrator", "migration"), { name });
    sessions.set(database, session);
    return session;
  };
  const onAbort = () => { for (const session of sessions.values()) session.then(cut, () => undefined); };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await work(on);
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const session of sessions.values()) await session.then((client) => client.end()).catch(() => undefined); // one that was cut can't be closed in good order
  }
}

/** Of the migrator's sessions, or of those of one name: first what they are at, and then they themselves; what is left of either. */
const LEFT = `with theirs as (select pid from pg_stat_activity where usename = 'migrator' and ($1::text is null or application_name = $1))
  select pid, case when $2 then pg_terminate_backend(pid) else pg_cancel_backend(pid) end as told from theirs
  union all select pid, false from pg_locks where pid = any ($3) and pid not in (select pid from theirs)`;

/** What a statement that is cancelled has to end in good order, before its session is ended. */
const CANCELLED_WITHIN_MS = 500;

/**
 * Ends the migrator's sessions that a server has not noticed to be cut off: while it is busy, or waits for a lock, it looks at no
 * connection, and what it does would be done after the way back. Gives how many there were.
 * @throws HarnessError when it answers and they go on
 */
export async function endSessions({ observer, database }: Topology, name: string | null = null): Promise<number> {
  const client = await observer("sessions").catch(() => undefined); // a server that doesn't answer has none
  const pids = new Set<number>();
  const began = monotonicMs();
  try {
    if (client) await waitUntil({
      what: `the end of the ${name ?? "migrator's"} sessions${database === undefined ? "" : ` in ${database}`} and of their locks`, withinMs: ENDED_WITHIN_MS, everyMs: 20, place: "postgres", remedy: "end these sessions: what they do would be taken for the way back's",
      lastSeen: () => `pid ${[...pids].join(", ")}`,
      check: async () => {
        const { rows } = await client.query<{ pid: number }>(LEFT, [name, pids.size > 0 && monotonicMs() - began > CANCELLED_WITHIN_MS, [...pids]]);
        for (const { pid } of rows) pids.add(pid);
        return rows.length === 0 ? true : undefined;
      },
    });
  } finally {
    await client?.end();
  }
  return pids.size;
}

/** On every server of the system. Says how many there were, to be put behind another sentence; and of a server whether it could not be told. */
export async function endEverywhere(topology: Topology, name?: string): Promise<string> {
  const ended = await Promise.allSettled(viewsOf(topology).map((view) => endSessions(view, name)));
  const sessions = ended.reduce((sum, end) => sum + (end.status === "fulfilled" ? end.value : 0), 0);
  const not = ended.flatMap((end) => (end.status === "rejected" ? [messageOf(end.reason)] : []));
  return [...(sessions === 0 ? [] : [`${sessions} of its sessions went on in the server, and ${sessions === 1 ? "was" : "were"} ended there`]), ...not].map((what) => `; ${what}`).join("");
}
