// The clients' transactions at the proxy: letting them end, and making sure that none is left.

import type pg from "pg";
import { waitUntil } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import type { WireProxy } from "./wire-proxy.ts";

/** A client's transaction ends when its connection does, unless the server is busy with it. */
const GONE_WITHIN_MS = 10_000;

const NOBODY = "all transactions under way have ended";

/** Keeps clients from beginning transactions; their connections stay. Who is still in one when its time is up is cut off. */
export async function hold(wire: WireProxy, drainMs: number, observer: () => Promise<pg.Client>, signal: AbortSignal): Promise<string> {
  await wire.admit(0);
  const late = await emptied(wire, drainMs, signal);
  if (late !== NOBODY) await wire.cutAdmitted();
  return `${late}; ${await gone("and state <> 'idle'", "no transaction of a client is left", observer, signal)}`;
}

/** Waits until every transaction under way has ended, or its time is up. Says how that went. */
export async function emptied(wire: WireProxy, drainMs: number, signal: AbortSignal): Promise<string> {
  try {
    return await waitUntil({
      what: "the end of the clients' transactions", withinMs: drainMs, everyMs: 5, signal,
      check: async () => ((await wire.admitted()).inside === 0 ? NOBODY : undefined),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HarnessError) || error.code !== "wait-timed-out") throw error;
    const { inside } = await wire.admitted();
    return `${inside} ${inside === 1 ? "transaction was" : "transactions were"} cut off after ${drainMs.toLocaleString("en-US")} ms`;
  }
}

/** Waits until the server itself says that such backends of clients are gone. Says `says`, or why that is not known. */
export async function gone(which: string, says: string, observer: () => Promise<pg.Client>, signal: AbortSignal): Promise<string> {
  try {
    const client = await observer();
    try {
      return await waitUntil({
        what: "the end of the clients' backends", withinMs: GONE_WITHIN_MS, everyMs: 10, place: "the traffic gate", signal,
        check: async () => ((await client.query(`select from pg_stat_activity where usename = 'app' ${which}`)).rowCount === 0 ? says : undefined),
      });
    } finally {
      await client.end();
    }
  } catch (error) {
    signal.throwIfAborted();
    return `whether clients' transactions are left is not known: ${messageOf(error)}`; // a dead server has none
  }
}
