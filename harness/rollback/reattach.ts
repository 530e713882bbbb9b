// Gives the primary its replica back, after it became another one or got another history.

import { messageOf } from "../base/errors.ts";
import { retrying } from "./down.ts";
import type { WayBackContext } from "./way-back.ts";

/** With backoff, about seven seconds: as long as a primary that was ended just then takes to be back. */
const ATTEMPTS = 8;

/** Makes the other server the primary's replica, from a copy; that it can't be is evidence. */
export async function reattach(strategy: "failover" | "snapshot" | "pitr", { topology: { cluster, inTurn }, record }: WayBackContext, signal: AbortSignal): Promise<void> {
  const server = cluster.replica?.name ?? "replica";
  const failed = (error: unknown) => { record({ kind: "replication", state: "failed", server, detail: `could not be rebuilt: ${messageOf(error)}` }); };
  try {
    await retrying(strategy, ATTEMPTS, record, signal, () => inTurn(async () => {
      try {
        const bytes = await cluster.attach();
        record({ kind: "replication", state: "attached", server, bytes, detail: `rebuilt from ${cluster.primary.name}` });
      } catch (error) {
        if ((await cluster.primary.observe()).state === "stopped") throw error; // who starts it again has his turn now
        failed(error);
      }
    }));
  } catch (error) {
    signal.throwIfAborted();
    failed(error);
  }
}
