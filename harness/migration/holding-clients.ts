// Clients wait at the proxy while the server that they came from is made another one.

import { HarnessError } from "../base/errors.ts";
import { inDatabase } from "../drill/system.ts";
import { hold } from "../topology/clients.ts";
import { viewsOf, type Topology } from "../topology/topology.ts";
import type { RunnerContext } from "./runner.ts";

export type HoldContext = Pick<RunnerContext, "record" | "signal"> & { readonly topology: Topology; /** How long transactions under way may take; then they are cut off. */ readonly drainMs: number };

/** Lets clients wait, at each of the databases, while the work is done, and lets them on when it is over, however it ends. */
export async function holdingClients({ topology, record, signal, drainMs }: HoldContext, why: string, work: () => Promise<void>): Promise<void> {
  const gates = viewsOf(topology).map((view) => {
    if (!view.wireProxy) throw new HarnessError({ code: "no-wire-proxy", kind: "run", place: why, message: "nothing in this topology knows where a transaction begins" });
    return { ...view, wire: view.wireProxy };
  });
  record({ kind: "traffic", state: "closing", detail: `clients are held, for ${why}` });
  try {
    const held = await Promise.all(gates.map(async ({ wire, observer, database }) => inDatabase(database, await hold(wire, drainMs, () => observer("gate"), signal))));
    record({ kind: "traffic", state: "closed", detail: held.join("; ") });
    await work();
  } finally {
    await Promise.all(gates.map(({ wire }) => wire.admit("any")));
    record({ kind: "traffic", state: "open", detail: "all clients are let through again" });
  }
}
