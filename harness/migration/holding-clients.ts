// Clients wait at the proxy while the server that they came from is made another one.

import { HarnessError } from "../base/errors.ts";
import { hold } from "../topology/clients.ts";
import type { Topology } from "../topology/topology.ts";
import type { RunnerContext } from "./runner.ts";

export type HoldContext = Pick<RunnerContext, "record" | "signal"> & { readonly topology: Topology; /** How long transactions under way may take; then they are cut off. */ readonly drainMs: number };

/** Lets clients wait while the work is done, and lets them on when it is over, however it ends. */
export async function holdingClients({ topology, record, signal, drainMs }: HoldContext, why: string, work: () => Promise<void>): Promise<void> {
  const { wireProxy: wire } = topology;
  if (!wire) throw new HarnessError({ code: "no-wire-proxy", kind: "run", place: why, message: "nothing in this topology knows where a transaction begins" });
  record({ kind: "traffic", state: "closing", detail: `clients are held, for ${why}` });
  try {
    record({ kind: "traffic", state: "closed", detail: await hold(wire, drainMs, () => topology.observer("gate"), signal) });
    await work();
  } finally {
    await wire.admit("any");
    record({ kind: "traffic", state: "open", detail: "all clients are let through again" });
  }
}
