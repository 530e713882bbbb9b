// Faults below the proxies, in the packet filter: packets that get lost, a partition, and names that nobody answers for.

import type { Fault, FaultKind } from "../drill/fault.ts";
import type { Topology } from "../topology/topology.ts";
import type { Path } from "../topology/toxiproxy.ts";
import type { FaultKindOf } from "./fault.ts";
import { tryPath } from "./try-path.ts";

type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;

/** In both directions, at the port at which a path begins; $RULES is filled by both faults. */
const RULES = 'rules() { echo "INPUT -p tcp --dport $PORT $MATCH"; echo "OUTPUT -p tcp --sport $PORT $MATCH"; }';
const ADD = `${RULES}; rules | while read -r rule; do iptables -w 5 -A $rule -m comment --comment "$MARK" -j DROP; done`;
const REMOVE = `${RULES}; rules | while read -r rule; do while iptables -w 5 -D $rule -m comment --comment "$MARK" -j DROP 2>/dev/null; do :; done; done`;
/** Packets that the kernel says our rules have dropped; nothing where there is no rule. */
const DROPPED = 'iptables -w 5 -nvxL | awk -v port=":$PORT" -v mark="$MARK" \'index($0, mark) && index($0, port) { n += $1; rules += 1 } END { if (rules) print n }\'';

/** Tries that it takes until a packet of ours is among those that are lost. */
const TRIES = 20;

function dropping<F extends Of<"packets-lost"> | Of<"partition">>(shareOf: (fault: F) => number): FaultKindOf<F> {
  return {
    needs: "packets",
    create: (fault, { topology }) => {
      const share = shareOf(fault);
      const filter = (script: string) => onPath(topology, fault.on, script, share < 1 ? `-m statistic --mode random --probability ${share}` : "");
      const dropped = async () => {
        const count = (await filter(DROPPED)).trim();
        return count === "" ? undefined : Number(count);
      };
      return {
        onPath: true,
        inject: async () => { await filter(ADD); },
        prove: async () => {
          if ((await dropped()) === undefined) return undefined;
          for (let i = 0; i < TRIES; i++) {
            const { error } = await tryPath(topology.access("app", fault.on));
            const lost = (await dropped()) ?? 0;
            if (lost > 0 && (share < 1 || error !== undefined)) return `the kernel has dropped ${lost} packets${error === undefined ? "" : `; a connection got no answer: ${error}`}`;
          }
          return undefined;
        },
        heal: async () => { await filter(REMOVE); },
        proveHealed: async () => ((await dropped()) === undefined ? "the kernel drops none any more" : undefined),
      };
    },
  };
}

function onPath({ proxies }: Topology, path: Path, script: string, match: string): Promise<string> {
  return proxies.service.filterPackets(script, { PORT: String(proxies.bindAddress(path).port), MATCH: match });
}

export const packetsLost = dropping<Of<"packets-lost">>(({ share }) => share);
/** Nothing gets through, and nobody is told: no reset, no refusal. */
export const partition = dropping<Of<"partition">>(() => 1);

/** The engine's own name server, as a container sees it. */
const NAME_SERVER = "127.0.0.11";

/** Who is connected stays so; who connects anew through the proxies doesn't find the server by its name. */
export const namesGone: FaultKindOf<Of<"names-gone">> = {
  needs: "names",
  create: (_fault, { topology }) => {
    const filter = (what: string) => topology.proxies.service.filterPackets(what, {});
    const there = async () => (await filter(`iptables -w 5 -S OUTPUT | grep -c -- '-d ${NAME_SERVER}' || true`)).trim() !== "0";
    const reached = async () => (await tryPath(topology.access("app", "migration"))).error;
    return {
      onPath: true,
      inject: async () => { await filter(`iptables -w 5 -A OUTPUT -d ${NAME_SERVER} -j REJECT`); },
      prove: async () => {
        if (!(await there())) return undefined;
        const error = await reached();
        return error === undefined ? undefined : `a new connection through the proxy fails: ${error}`;
      },
      heal: async () => { await filter(`while iptables -w 5 -D OUTPUT -d ${NAME_SERVER} -j REJECT 2>/dev/null; do :; done`); },
      proveHealed: async () => ((await there()) || (await reached()) !== undefined ? undefined : "a new connection finds its way again"),
    };
  },
};
