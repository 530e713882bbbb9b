// The server gets a share of one processor, as under a quota that is too small or beside a noisy neighbour.

import type { Fault } from "../drill/fault.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type CpuThrottled = Extract<Fault, { kind: "cpu-throttled" }>;

const BURN_MS = 600;
/** A throttle that is late once, for as long as a busy machine keeps it from its turn, must not look as if it were gone. */
const BURN_LONGER_MS = 1_500;
/** Between a share and a whole processor there must be room to tell them apart, on a busy machine too. */
const PROVEN_BELOW = (share: number) => share * 2 + 0.05;

export const cpuThrottled: FaultKindOf<CpuThrottled> = {
  needs: "cpu",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, fault.on);
    /** The share of a processor that a backend gets that wants all of one, by the kernel's own account. */
    const got = async (burnMs: number): Promise<number> => {
      const client = await topology.cluster.connect(server, id);
      try {
        let said = "";
        client.on("notice", ({ detail }) => { said += detail ?? ""; });
        // The server tells its client what getrusage() says of the statement, and not its log.
        await client.query("set client_min_messages = log; set log_min_messages = panic; set log_statement_stats = on");
        await client.query(`do $$ declare until timestamptz := clock_timestamp() + interval '${burnMs} ms'; begin while clock_timestamp() < until loop end loop; end $$`);
        await client.query("set log_statement_stats = off");
        const burned = [...said.matchAll(/([\d.]+) s user, ([\d.]+) s system, ([\d.]+) s elapsed/g)].map(([, user, system, elapsed]) => ({ cpu: Number(user) + Number(system), elapsed: Number(elapsed) }));
        const longest = burned.sort((a, b) => b.elapsed - a.elapsed)[0];
        if (!longest) throw new Error("the server said nothing of the time that the statement took");
        return longest.cpu / longest.elapsed;
      } finally {
        await client.end();
      }
    };
    const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
    return {
      inject: () => server.limitCpu(fault.share),
      prove: async () => {
        const share = await got(BURN_MS);
        return share < PROVEN_BELOW(fault.share) ? `a backend that wants a whole processor gets ${percent(share)} of one` : undefined;
      },
      heal: () => server.limitCpu(undefined),
      proveHealed: async () => {
        if ((await server.observe()).state === "stopped") return "it is not running"; // another fault, or a failover
        const share = await got(BURN_LONGER_MS);
        return share < PROVEN_BELOW(fault.share) ? undefined : `a backend gets ${percent(share)} of a processor`;
      },
    };
  },
};
