// A migrator's sessions: one with each database that its steps are on, begun when it is first needed.

import type pg from "pg";
import { waitUntil } from "../base/deadline.ts";
import { connect, cut } from "../topology/postgres.ts";
import { viewOf, type Topology } from "../topology/topology.ts";

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

/**
 * Ends the sessions of that name that a server has not noticed to be cut off: waiting for a lock, it looks at no connection.
 * @throws HarnessError when it answers and they go on
 */
export async function endSessions({ observer }: Topology, name: string): Promise<void> {
  const client = await observer("sessions").catch(() => undefined); // a server that doesn't answer has none
  try {
    if (client) await waitUntil({
      what: `the end of the sessions ${name}`, withinMs: ENDED_WITHIN_MS, everyMs: 20,
      check: async () => ((await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [name])).rowCount === 0 ? true : undefined),
    });
  } finally {
    await client?.end();
  }
}
