// Unlogged tables: PostgreSQL empties them when it comes back from a crash or a backup, and whose doing that was.

import type { Fault } from "../drill/fault.ts";
import { eventsOf, type RunRecord, type UnreadTable } from "./run-record.ts";

/** Kinds that can bring a server down, so that it comes back by recovery. */
const CRASHES: ReadonlySet<Fault["kind"]> = new Set<Fault["kind"]>([
  "kill", "restart", "oom-kill", "power-cut", "disk-lost", "disk-full", "disk-read-only", "fsync-fails", "read-error", "write-error", "bits-flipped", "reads-short",
]);

/** In words; `explained` where a declared fault brought the server down, so that neither the migration nor the way back did it. */
export type Emptied = { readonly said: string; readonly explained: boolean };

/** Undefined where nothing emptied it: the same server has counted on since before the migration. */
export function emptiedBy(record: RunRecord, { unloggedSince: then }: UnreadTable, { unloggedSince: now }: UnreadTable): Emptied | undefined {
  if (then === undefined || now === undefined || then === now) return undefined;
  const crashes = (fault: Fault | undefined) => fault !== undefined && CRASHES.has(fault.kind) && fault.on !== "replica";
  const struck = eventsOf(record, "fault").find(({ state, index }) => state === "triggered" && crashes(record.header.drill.faults[index]));
  if (struck) return { said: `it is unlogged, and the server emptied it when it came back from fault ${struck.index + 1} (${struck.fault})`, explained: true };
  return { said: "it is unlogged, and a server that comes back from a crash or a backup empties it; no fault made it do so", explained: false };
}
