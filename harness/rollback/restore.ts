// The ways back that replace the data: `snapshot`, a base backup, and `pitr`, point-in-time recovery.

import { HarnessError } from "../base/errors.ts";
import { WAY_STEPS } from "../drill/plan.ts";
import type { Rollback } from "../drill/schema.ts";
import { Backups, type Target } from "./backups.ts";
import type { Topology } from "../topology/topology.ts";
import { reattach } from "./reattach.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

export const RESTORE_POINT = "turnback before the migration";

export type Moment = { readonly lsn: string; readonly wal: string; readonly time: string };

/** Names this moment in the WAL. */
export async function markRestorePoint(topology: Topology): Promise<Moment> {
  const client = await topology.observer("restore-point");
  try {
    const { rows: [moment] } = await client.query<Moment>(
      "select lsn::text as lsn, pg_walfile_name(lsn) as wal, clock_timestamp()::text as time from pg_create_restore_point($1) as lsn", [RESTORE_POINT]);
    if (!moment) throw new Error("the server said nothing of the restore point");
    // A recovery to a time stops at the first commit beyond it, and what others had begun by then leaves its files behind.
    // This commit is the first one, so that the time names this moment, and not any one until somebody else commits.
    await client.query("select pg_current_xact_id()");
    await client.query("select pg_switch_wal()"); // so that the archive alone reaches up to here
    return moment;
  } finally {
    await client.end();
  }
}

/**
 * Replaces the data by the newest intact backup, as of that backup's end. Two are kept, as by a
 * schedule: one from before the load, one from just before the migration. All later writes are lost.
 */
export function snapshot(_rollback: Extract<Rollback, { strategy: "snapshot" }>, context: WayBackContext): WayBack {
  return restoring("snapshot", context, () => ({ settings: { recovery_target: "immediate" }, wal: undefined, says: "its own end" }));
}

/** The same, and then replays the archived WAL up to the migration's start: what was written after that is lost. */
export function pitr({ to }: Extract<Rollback, { strategy: "pitr" }>, context: WayBackContext): WayBack {
  const settings = {
    "restore-point": () => ({ recovery_target_name: RESTORE_POINT }),
    lsn: ({ lsn }: Moment) => ({ recovery_target_lsn: lsn }),
    time: ({ time }: Moment) => ({ recovery_target_time: time }),
  } as const;
  return restoring("pitr", context, (moment) => ({ settings: settings[to](moment), wal: moment.wal, says: `the migration's start (${to} ${to === "time" ? moment.time : to === "lsn" ? moment.lsn : `"${RESTORE_POINT}"`})` }));
}

function restoring(strategy: "snapshot" | "pitr", context: WayBackContext, targetOf: (moment: Moment) => Target): WayBack {
  const { topology, record, reach } = context;
  const backups = new Backups(topology, record, (detail) => { record({ kind: "rollback", state: "retried", strategy, detail }); });
  let marked: Moment | undefined;
  return {
    prepare: async () => { await backups.take(); },
    approach: async () => { await backups.take(); },
    mark: async () => { marked = await markRestorePoint(topology); },
    goBack: async (signal) => {
      if (!marked) throw new HarnessError({ code: "no-restore-point", kind: "run", place: "rollback", message: "no moment before the migration was marked" });
      await reach("backward", { at: "before", step: WAY_STEPS.restore });
      await backups.restore(targetOf(marked), signal);
      await reach("backward", { at: "after", step: WAY_STEPS.restore });
    },
    // The restored server's history is another one: its replica can't follow it.
    tidy: async (signal) => { if (topology.cluster.replica) await reattach(strategy, context, signal); },
  };
}
