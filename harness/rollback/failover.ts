// The way back `failover`: the replica takes over from a primary that is fenced, and the migration is undone there.

import { HarnessError, messageOf } from "../base/errors.ts";
import { WAY_STEPS } from "../drill/plan.ts";
import type { Rollback } from "../drill/schema.ts";
import type { Fork } from "../topology/cluster.ts";
import { down } from "./down.ts";
import { reattach } from "./reattach.ts";
import { markRestorePoint, RESTORE_POINT, type Moment } from "./restore.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

type Failover = Extract<Rollback, { strategy: "failover" }>;

/**
 * Clients are led nowhere before the old primary ends, so nothing that it may still finish reaches anybody, and
 * led to the new one once that is promoted. What an asynchronous replica had not received is lost then, and
 * counted: the old primary starts once more as a standby, and its own WAL says what it never passed on. Last,
 * with clients served again, the old primary is rebuilt from the new one.
 */
export function failover({ to, attempts }: Failover, context: WayBackContext): WayBack {
  const { topology, record, reach } = context;
  const { cluster } = topology;
  const undo = down({ attempts, to: undefined, only: undefined, staged: undefined }, context);
  let marked: Moment | undefined;
  let fork: Fork | undefined;
  let touched = false;

  const takeOver = async (signal: AbortSignal) => {
    signal.throwIfAborted();
    const server = cluster.replica?.name ?? "replica";
    const old = cluster.primary;
    if (to === "migration-start") await expectBehind();
    touched = true;
    try {
      const ended = await cluster.fence();
      record({ kind: "replication", state: "fenced", server: cluster.primary.name, detail: ended });
      await (to === "latest" ? cluster.promote() : cluster.promoteAt(RESTORE_POINT));
    } catch (error) {
      if (cluster.primary === old && await cluster.replicaFollows()) await cluster.unfence(); // on what is left; if that fails, too, nothing is
      throw new HarnessError({ code: "failover-failed", kind: "run", place: server, message: `${server} was not promoted: ${messageOf(error)}`, cause: error });
    }
    try {
      fork = await cluster.forkOfPrimary();
      record({ kind: "replication", state: "promoted", server, detail: `from ${fork.lsn} on, on timeline ${fork.timeline}` });
    } catch (error) {
      record({ kind: "replication", state: "promoted", server, detail: `from where on is not known: ${messageOf(error)}` });
    }
  };

  /** A replica that has replayed the migration can't go back, and one that has not received its start can't get there. */
  const expectBehind = async () => {
    if (!marked || !cluster.replica) throw new HarnessError({ code: "no-restore-point", kind: "run", place: "rollback", message: "no moment before the migration was marked" });
    const client = await cluster.connect(cluster.replica, "failover");
    try {
      const { rows: [at] } = await client.query<{ past: boolean; short: boolean; replayed: string; received: string }>(
        "select pg_last_wal_replay_lsn() > $1::pg_lsn as past, pg_last_wal_receive_lsn() < $1::pg_lsn as short, pg_last_wal_replay_lsn()::text as replayed, pg_last_wal_receive_lsn()::text as received", [marked.lsn]);
      if (at?.past) throw new HarnessError({ code: "replica-too-far", kind: "run", place: cluster.replica.name, message: `the replica has replayed up to ${at.replayed}, past the migration's start at ${marked.lsn}: its delay is too short for this way back` });
      if (at?.short) throw new HarnessError({ code: "replica-too-short", kind: "run", place: cluster.replica.name, message: `the replica has received up to ${at.received}, and the migration starts at ${marked.lsn}` });
    } finally {
      await client.end();
    }
  };

  const countLeftBehind = async (from: Fork) => {
    const server = cluster.replica?.name ?? "postgres";
    try {
      const { transactions, bytes } = await cluster.leftBehind(from);
      record({ kind: "replication", state: "left-behind", server, transactions, detail: `${transactions.toLocaleString("en-US")} ${transactions === 1 ? "transaction" : "transactions"}, ${bytes.toLocaleString("en-US")} bytes of WAL after ${from.lsn}` });
    } catch (error) {
      record({ kind: "replication", state: "left-behind", server, detail: `what it never passed on is not known: ${messageOf(error)}` });
    }
  };

  return {
    prepare: () => Promise.resolve(),
    approach: () => Promise.resolve(),
    mark: async () => { if (to === "migration-start") marked = await markRestorePoint(topology); },
    goBack: async (signal) => {
      await reach("backward", { at: "before", step: WAY_STEPS.takeOver });
      await topology.inTurn(() => takeOver(signal));
      await reach("backward", { at: "after", step: WAY_STEPS.takeOver });
      if (to === "latest") await undo.goBack(signal);
    },
    tidy: async (signal) => {
      if (!touched) return;
      await topology.inTurn(async () => {
        signal.throwIfAborted();
        if (fork) await countLeftBehind(fork);
      });
      await reattach("failover", context, signal);
    },
  };
}
