// Gives the primary its replica back, after it became another one or got another history.

import { messageOf } from "../base/errors.ts";
import type { WayBackContext } from "./way-back.ts";

/** Makes the other server the primary's replica, from a copy; that it can't be is evidence. */
export async function reattach({ topology: { cluster }, record }: WayBackContext): Promise<void> {
  const server = cluster.replica?.name ?? "replica";
  try {
    const bytes = await cluster.attach();
    record({ kind: "replication", state: "attached", server, bytes, detail: `rebuilt from ${cluster.primary.name}` });
  } catch (error) {
    record({ kind: "replication", state: "failed", server, detail: `could not be rebuilt: ${messageOf(error)}` });
  }
}
