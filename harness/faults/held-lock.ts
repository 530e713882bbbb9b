// A forgotten transaction holds a table lock in the way of the migration.

import type pg from "pg";
import type { Fault } from "../drill/fault.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { connect } from "../topology/postgres.ts";
import type { FaultKindOf } from "./fault.ts";

type HeldLock = Extract<Fault, { kind: "held-lock" }>;

export const heldLock: FaultKindOf<HeldLock> = {
  needs: "network-faults",
  create: (fault, { topology, id }) => {
    let client: pg.Client | undefined;
    const granted = async (): Promise<string | undefined> => {
      const observer = await topology.observer(`${id}-proof`);
      try {
        const { rows: [row] } = await observer.query<{ pid: number; mode: string }>(
          `select l.pid, l.mode from pg_locks l join pg_stat_activity a using (pid)
           where a.application_name = $1 and l.relation = to_regclass($2) and l.granted`, [`turnback-${id}`, fault.table]);
        return row && `backend ${row.pid} holds ${row.mode} on ${fault.table}`;
      } finally {
        await observer.end();
      }
    };
    return {
      inject: async () => {
        client = await connect(topology.access("turnback", "direct"), { name: `turnback-${id}` });
        try {
          await client.query(`begin; lock table ${client.escapeIdentifier(fault.table)} in ${fault.mode} mode`);
        } catch (error) {
          throw new HarnessError({
            code: "fault-impossible", kind: "run", place: `fault held-lock on ${fault.table}`,
            message: `the lock can't be taken: ${messageOf(error)}`, remedy: "check the fault's table and mode", cause: error,
          });
        }
      },
      prove: granted,
      heal: async () => {
        await client?.end();
        client = undefined;
      },
      proveHealed: async () => ((await granted()) === undefined ? "the lock is released" : undefined),
    };
  },
};
