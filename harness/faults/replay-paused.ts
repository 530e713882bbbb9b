// The replica receives what the primary writes, and applies none of it.

import type { Fault } from "../drill/fault.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type ReplayPaused = Extract<Fault, { kind: "replay-paused" }>;

export const replayPaused: FaultKindOf<ReplayPaused> = {
  needs: "files",
  create: (fault, { topology }) => {
    const replica = serverOf(topology, fault.on);
    /** A server that was promoted meanwhile replays nothing any more, and holds nothing back. */
    const asking = (sql: string): Promise<string | undefined> => topology.cluster.asking(replica, async (client) =>
      (await client.query<{ answer: string | null }>(`select case when pg_is_in_recovery() then (${sql})::text else 'promoted' end as answer`)).rows[0]?.answer ?? undefined);
    const state = () => asking("select pg_get_wal_replay_pause_state()");
    return {
      inject: async () => { await asking("select pg_wal_replay_pause()"); },
      prove: async () => ((await state()) === "paused" ? `the replica says that its replay is paused, at ${await asking("select pg_last_wal_replay_lsn()")}` : undefined),
      heal: async () => { if ((await state()) !== "promoted") await asking("select pg_wal_replay_resume()"); },
      proveHealed: async () => {
        const now = await state();
        return now === "promoted" ? "the replica was promoted, which ends its replay" : now === "not paused" ? "the replica replays again" : undefined;
      },
    };
  },
};
