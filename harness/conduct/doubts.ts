// What an automation would have to know before it decides alone, and can't know just now.

import { pause, within } from "../base/deadline.ts";
import { messageOf } from "../base/errors.ts";
import type { Drill } from "../drill/schema.ts";
import { endedBetween, type Load } from "../load/load.ts";
import { JOURNAL_SCHEMA } from "../migration/journal.ts";
import { viewsOf, type Topology } from "../topology/topology.ts";

const ANSWER_WITHIN_MS = 2_000;
const CLIENTS_FOR_MS = 500;

/**
 * The facts that contradict each other, or that nobody can say: where the migration stands, whether clients suffer as the
 * probes do, and, before a failover, what the replica lacks. Takes two seconds at the most, and asks for all at once.
 */
export async function doubtsOf(drill: Drill, topology: Topology, load: Load, firing: boolean): Promise<readonly string[]> {
  const all = await Promise.all([
    known("what the migration has done", Promise.all(viewsOf(topology).map(journalIsReadable)).then(() => undefined)),
    firing ? clientsAreServed(drill, load) : undefined,
    drill.rollback.strategy === "failover" ? known("what the replica lacks", replicaIsKnown(topology)) : undefined,
  ]);
  return all.filter((doubt) => doubt !== undefined);
}

async function known(what: string, asked: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await within(ANSWER_WITHIN_MS, "the answer", asked);
  } catch (error) {
    return `${what} can't be known: ${messageOf(error)}`;
  }
}

async function journalIsReadable(topology: Topology): Promise<undefined> {
  const client = await topology.cluster.connect(topology.blueGreen?.green ?? topology.postgres, "decision");
  try {
    await client.query(`select count(*) from ${JOURNAL_SCHEMA}.journal`);
  } finally {
    await client.end();
  }
}

/** The alert says that they are not. */
async function clientsAreServed({ steadyState }: Drill, load: Load): Promise<string | undefined> {
  const before = load.stats;
  await pause(CLIENTS_FOR_MS);
  const now = load.stats;
  if (!before || !now || now.at <= before.at) return "whether clients are served is not known: the load says nothing";
  const { bad, all } = endedBetween(before, now);
  return all > 0 && bad / all <= steadyState.maxErrorRatio ? `the probes fail, and of ${all} operations of clients ${bad} did` : undefined;
}

async function replicaIsKnown({ cluster }: Topology): Promise<string | undefined> {
  const client = await cluster.connect(cluster.primary, "decision");
  try {
    const { rows: [row] } = await client.query<{ behind: string }>("select (pg_current_wal_lsn() - replay_lsn)::text as behind from pg_stat_replication limit 1");
    return row ? undefined : "what the replica lacks can't be known: it doesn't follow";
  } finally {
    await client.end();
  }
}
