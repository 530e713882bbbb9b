// The server gets a share of one processor, as under a quota that is too small or beside a noisy neighbour.

import type { Fault } from "../drill/fault.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type CpuThrottled = Extract<Fault, { kind: "cpu-throttled" }>;
/** Nanoseconds: ran, waited for a processor, up since, kept from running by a quota. */
type Account = readonly [ran: number, waited: number, uptime: number, throttled: number | null];

const BURN_MS = 600;
/** A throttle that is late once, for as long as a busy machine keeps it from its turn, must not look as if it were gone. */
const BURN_LONGER_MS = 1_500;
/** Between a share and a whole processor there must be room to tell them apart, on a busy machine too. */
const PROVEN_BELOW = (share: number) => share * 2 + 0.05;
/** Of the time that a backend wants to run: a container that its quota keeps from running for as long is throttled. */
const PROVEN_ABOVE = 0.05;

/** Of a container: for how long its quota has kept it from running (cgroups(7), version 2 or 1), in nanoseconds; null where the kernel doesn't say. */
const THROTTLED = `coalesce(substring(pg_read_file('/sys/fs/cgroup/cpu.stat', 0, 4000, true) from 'throttled_usec (\\d+)')::float8 * 1000,
  substring(pg_read_file('/sys/fs/cgroup/cpu/cpu.stat', 0, 4000, true) from 'throttled_time (\\d+)')::float8)`;
/** The kernel's account of the backend that asks: for how long it ran, and waited for a processor (proc(5), schedstat), and when that is. */
const accountWith = (throttled: string) => `(select json_build_array(split_part(said, ' ', 1)::float8, split_part(said, ' ', 2)::float8,
  split_part(pg_read_file('/proc/uptime', 0, 100), ' ', 1)::float8 * 1e9, ${throttled}) from pg_read_file('/proc/self/schedstat', 0, 100) as said)`;

/** What a backend was given that wanted a whole processor. */
type Given = {
  /** Of the time in which nobody else had its turn. */
  readonly share: number;
  /** Share of the time in which a quota kept it from running; undefined where the kernel keeps no such account. */
  readonly throttled: number | undefined;
};

/**
 * A quota is proven by the kernel's own account of it, which no other program on the machine can change. Where there is none
 * (plain processes, stopped and continued), by the share that a backend gets, less the turns that others had.
 */
const holds = ({ share, throttled }: Given, declared: number) => (throttled === undefined ? share < PROVEN_BELOW(declared) : throttled > PROVEN_ABOVE);

const percent = (share: number) => `${(share * 100).toFixed(0)} %`;

const inWords = ({ share, throttled }: Given) => (throttled === undefined ? `a backend that wants a whole processor gets ${percent(share)} of one`
  : `its quota kept a backend from running for ${percent(Math.min(1, throttled))} of the time`);

export const cpuThrottled: FaultKindOf<CpuThrottled> = {
  needs: "cpu",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, fault.on);
    const given = async (burnMs: number): Promise<Given> => {
      const client = await topology.cluster.connect(server, id);
      try {
        let said = "";
        client.on("notice", ({ message }) => { said = message ?? ""; });
        const account = accountWith(topology.runtime.kind === "docker" ? THROTTLED : "null");
        await client.query(`do $$ declare until timestamptz := clock_timestamp() + interval '${burnMs} ms'; before json := ${account};
          begin while clock_timestamp() < until loop end loop; raise notice '%', json_build_array(before, ${account}); end $$`);
        const [[ranAt = 0, waitedAt = 0, from = 0, throttledAt], [ran = 0, waited = 0, to = 0, throttled]] = JSON.parse(said) as readonly [Account, Account];
        const elapsed = to - from;
        return {
          share: (ran - ranAt) / (elapsed - (waited - waitedAt)),
          throttled: typeof throttled === "number" && typeof throttledAt === "number" ? (throttled - throttledAt) / elapsed : undefined,
        };
      } finally {
        await client.end();
      }
    };
    return {
      inject: () => server.limitCpu(fault.share),
      prove: async () => {
        const now = await given(BURN_MS);
        return holds(now, fault.share) ? inWords(now) : undefined;
      },
      heal: () => server.limitCpu(undefined),
      proveHealed: async () => {
        if ((await server.observe()).state === "stopped") return "it is not running"; // another fault, or a failover
        const now = await given(BURN_LONGER_MS);
        return holds(now, fault.share) ? undefined : inWords(now);
      },
    };
  },
};
