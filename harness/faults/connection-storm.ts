// Every connection slot is taken: clients that need a new connection are refused.

import type pg from "pg";
import type { Fault } from "../drill/fault.ts";
import { connect } from "../topology/postgres.ts";
import { codeOf, messageOf } from "../base/errors.ts";
import type { FaultKindOf } from "./fault.ts";

type Storm = Extract<Fault, { kind: "connection-storm" }>;

/** How many connections are opened at once: a storm, but not one against our own machine. */
const AT_ONCE = 20;

export const connectionStorm: FaultKindOf<Storm> = {
  needs: "network-faults",
  create: (fault, { topology, id }) => {
    const held: pg.Client[] = [];
    let refusal: string | undefined;
    const open = async () => {
      try {
        held.push(await connect(topology.access("app", "direct"), { name: `turnback-${id}` }));
      } catch (error) {
        if (codeOf(error) === "53300") refusal = messageOf(error); // too_many_connections
        else throw error;
      }
    };
    return {
      inject: async () => {
        while (held.length < fault.connections && refusal === undefined) {
          await Promise.all(Array.from({ length: Math.min(AT_ONCE, fault.connections - held.length) }, open));
        }
      },
      // Held connections that leave slots free would be no fault: the server itself must have refused one.
      prove: async () => (refusal === undefined ? undefined : `${held.length} connections held; the server refuses more: ${refusal}`),
      heal: async () => {
        await Promise.all(held.splice(0).map((client) => client.end()));
        refusal = undefined;
      },
      proveHealed: async () => {
        const client = await topology.observer(`${id}-proof`);
        try {
          const { rows: [row] } = await client.query<{ left: number }>(
            "select count(*)::int as left from pg_stat_activity where application_name = $1", [`turnback-${id}`]);
          return row?.left === 0 ? "none of its connections is left" : undefined;
        } finally {
          await client.end();
        }
      },
    };
  },
};
