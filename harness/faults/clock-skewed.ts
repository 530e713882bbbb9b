// The server's clock jumps: what it stamps from then on is early or late, and what it measures is not.

import { wallClock } from "../base/clock.ts";
import type { Fault } from "../drill/fault.ts";
import { CLOCK_FILE } from "../topology/skewed-clock.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type ClockSkewed = Extract<Fault, { kind: "clock-skewed" }>;

export const clockSkewed: FaultKindOf<ClockSkewed> = {
  needs: "clock",
  create: (fault, { topology }) => {
    const server = serverOf(topology, fault.on);
    /** By how much the server's clock differs from ours, in milliseconds. */
    const offset = (): Promise<number> => topology.cluster.asking(server, async (client) => {
      const { rows: [row] } = await client.query<{ now: string }>("select (extract(epoch from clock_timestamp()) * 1000)::text as now");
      return Number(row?.now) - Date.parse(wallClock());
    });
    const inWords = (ms: number) => `the server's clock is ${Math.abs(ms / 1_000).toFixed(1)} s ${ms < 0 ? "behind" : "ahead of"} ours`;
    const near = (ms: number, to: number) => Math.abs(ms - to) < Math.abs(fault.offsetMs) / 4;
    return {
      inject: async () => { await server.shell(`echo '${fault.offsetMs < 0 ? "" : "+"}${fault.offsetMs / 1_000}' > "${CLOCK_FILE}"`); },
      prove: async () => {
        const ms = await offset();
        return near(ms, fault.offsetMs) ? inWords(ms) : undefined;
      },
      heal: async () => { await server.shell(`echo '+0' > "${CLOCK_FILE}"`); },
      proveHealed: async () => {
        if ((await server.observe()).state === "stopped") return "it is not running"; // another fault, or a failover
        const ms = await offset();
        return near(ms, 0) ? inWords(ms) : undefined;
      },
    };
  },
};
