// Faults on the network that Toxiproxy offers: each is one toxic on one path.

import net from "node:net";
import { monotonicMs } from "../base/clock.ts";
import type { Fault, FaultKind } from "../drill/fault.ts";
import type { Path, ToxicSpec } from "../topology/toxiproxy.ts";
import type { FaultKindOf } from "./fault.ts";
import { PATIENCE_MS, tryPath } from "./try-path.ts";

type OnPath = Extract<Fault, { on: Path }>;

/**
 * A fault made of one toxic. Toxiproxy's list of toxics says that it is there, which is not yet
 * that it works; so `shows` also looks at what a client of that path now meets.
 */
function toxic<F extends OnPath & { kind: FaultKind }>(
  spec: (fault: F) => ToxicSpec,
  shows: (fault: F, seen: Awaited<ReturnType<typeof tryPath>>) => string | undefined,
  patienceMs: (fault: F) => number = () => PATIENCE_MS,
): FaultKindOf<F> {
  return {
    needs: "network-faults",
    create: (fault, { topology, id }) => ({
      onPath: true,
      inject: () => topology.proxies.addToxic(fault.on, id, spec(fault)),
      prove: async () => {
        const { toxics } = await topology.proxies.state(fault.on);
        if (!toxics.includes(id)) return undefined;
        return shows(fault, await tryPath(topology.access("app", fault.on), patienceMs(fault)));
      },
      heal: async () => {
        const { toxics } = await topology.proxies.state(fault.on);
        if (toxics.includes(id)) await topology.proxies.removeToxic(fault.on, id);
      },
      proveHealed: async () => {
        const { toxics } = await topology.proxies.state(fault.on);
        return toxics.includes(id) ? undefined : "the toxic is gone";
      },
    }),
  };
}

type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;

export const latency = toxic<Of<"latency">>(
  (fault) => ({ type: "latency", stream: "downstream", attributes: { latency: fault.latencyMs, jitter: 0 } }),
  (fault, seen) => (seen.firstAnswerMs !== undefined && seen.firstAnswerMs >= fault.latencyMs * 0.9 ? `the first answer took ${seen.firstAnswerMs.toFixed(0)} ms` : undefined),
  (fault) => fault.latencyMs + PATIENCE_MS,
);

export const bandwidth = toxic<Of<"bandwidth">>(
  (fault) => ({ type: "bandwidth", stream: "downstream", attributes: { rate: fault.kilobytesPerSecond } }),
  (fault, seen) => {
    const leastMs = (seen.payloadBytes / 1024 / fault.kilobytesPerSecond) * 1_000 * 0.5;
    return seen.error !== undefined || seen.payloadMs >= leastMs
      ? `${seen.payloadBytes} bytes took ${seen.payloadMs.toFixed(0)} ms${seen.error ? ` and ended in ${seen.error}` : ""}` : undefined;
  },
);

export const timeout = toxic<Of<"timeout">>(
  () => ({ type: "timeout", stream: "downstream", attributes: { timeout: 0 } }),
  (_fault, seen) => (seen.error !== undefined ? `a connection got no answer: ${seen.error}` : undefined),
);

export const reset = toxic<Of<"reset">>(
  (fault) => ({ type: "reset_peer", stream: "downstream", attributes: { timeout: fault.afterMs } }),
  (_fault, seen) => (seen.error !== undefined ? `a connection was cut: ${seen.error}` : undefined),
);

export const slowClose = toxic<Of<"slow-close">>(
  (fault) => ({ type: "slow_close", stream: "downstream", attributes: { delay: fault.delayMs } }),
  (fault, seen) => (seen.closeMs >= fault.delayMs * 0.9 ? `a close took ${seen.closeMs.toFixed(0)} ms` : undefined),
);

export const slicer = toxic<Of<"slicer">>(
  (fault) => ({ type: "slicer", stream: "downstream", attributes: { average_size: fault.averageBytes, size_variation: 0, delay: fault.delayMicroseconds } }),
  (fault, seen) => {
    const leastChunks = seen.payloadBytes / fault.averageBytes / 20;
    return seen.chunks >= leastChunks ? `${seen.payloadBytes} bytes came in ${seen.chunks} pieces` : undefined;
  },
);

export const limitData = toxic<Of<"limit-data">>(
  (fault) => ({ type: "limit_data", stream: "downstream", attributes: { bytes: fault.bytes } }),
  (fault, seen) => (seen.error !== undefined ? `a connection was closed within ${fault.bytes} bytes: ${seen.error}` : undefined),
);

/** Not a toxic but the proxy itself: every connection is closed, new ones are refused. */
export const down: FaultKindOf<Of<"down">> = {
  needs: "network-faults",
  create: (fault, { topology }) => ({
    onPath: true,
    inject: () => topology.proxies.setEnabled(fault.on, false),
    prove: async () => {
      const { host, port } = topology.proxies.address(fault.on);
      const refused = await knock(host, port);
      return refused ? `a connection is refused (${refused})` : undefined;
    },
    heal: () => topology.proxies.setEnabled(fault.on, true),
    proveHealed: async () => {
      const { enabled } = await topology.proxies.state(fault.on);
      return enabled ? "the proxy is enabled again" : undefined;
    },
  }),
};

/** Why a connection failed, or undefined when one could be made and was held. */
async function knock(host: string, port: number): Promise<string | undefined> {
  const started = monotonicMs();
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(1_000, () => { socket.destroy(); resolve(undefined); });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    // Docker's port forwarding accepts for the container and closes at once when nobody listens there.
    socket.once("close", () => resolve(`closed after ${(monotonicMs() - started).toFixed(0)} ms`));
  });
}
