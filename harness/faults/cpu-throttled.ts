// The server gets a share of one processor, as under a quota that is too small or beside a noisy neighbour.

import type { Fault } from "../drill/fault.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type CpuThrottled = Extract<Fault, { kind: "cpu-throttled" }>;

const BURN_MS = 600;
/** A throttle that is late once, for as long as a busy machine keeps it from its turn, must not look as if it were gone. */
const BURN_LONGER_MS = 1_500;
/** Between a share and a whole processor there must be room to tell them apart, on a busy machine too. */
const PROVEN_BELOW = (share: number) => share * 2 + 0.05;

/** Of a container: for how long its quota has kept it from running (cgroups(7), version 2 or 1), in nanoseconds. */
const THROTTLED = `coalesce(substring(pg_read_file('/sys/fs/cgroup/cpu.stat', 0, 4000, true) from 'throttled_usec (\\d+)')::float8 * 1000,
  substring(pg_read_file('/sys/fs/cgroup/cpu/cpu.stat', 0, 4000, true) from 'throttled_time (\\d+)')::float8, 0)`;
/** The kernel's account of the backend that asks: for how long it ran, and waited for a processor (proc(5), schedstat), and when that is. */
const accountWith = (throttled: string) => `(select json_build_array(split_part(said, ' ', 1)::float8, split_part(said, ' ', 2)::float8,
  split_part(pg_read_file('/proc/uptime', 0, 100), ' ', 1)::float8 * 1e9, ${throttled}) from pg_read_file('/proc/self/schedstat', 0, 100) as said)`;

export const cpuThrottled: FaultKindOf<CpuThrottled> = {
  needs: "cpu",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, fault.on);
    /** The share of a processor that a backend is given that wants all of one. What others on the machine took from it is no throttle. */
    const got = async (burnMs: number): Promise<number> => {
      const client = await topology.cluster.connect(server, id);
      try {
        let said = "";
        client.on("notice", ({ message }) => { said = message ?? ""; });
        const account = accountWith(topology.runtime.kind === "docker" ? THROTTLED : "0");
        await client.query(`do $$ declare until timestamptz := clock_timestamp() + interval '${burnMs} ms'; before json := ${account};
          begin while clock_timestamp() < until loop end loop; raise notice '%', json_build_array(before, ${account}); end $$`);
        const [before = [], after = []] = JSON.parse(said) as number[][];
        const [ran = 0, waited = 0, elapsed = 0, throttled = 0] = after.map((ns, i) => ns - (before[i] ?? 0));
        return ran / (elapsed - Math.max(0, waited - throttled)); // a kernel may count as waiting, too, what the quota is to blame for
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
