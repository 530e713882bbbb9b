// The gate at the proxy: whether clients are let through, and since when they are not.

import { waitUntil } from "../base/deadline.ts";
import { messageOf } from "../base/errors.ts";
import type { Rollback } from "../drill/schema.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import type { Topology } from "../topology/topology.ts";

/** A client's transaction ends when its connection does, unless the server is busy with it. */
const DRAINED_WITHIN_MS = 10_000;

/**
 * Turns clients away for as long as the drill declares. Who is inside when it closes is cut off, and after
 * that the server itself says that none of them is left: what they were told is what the restore point holds.
 * What it costs clients is measured like any other time in which they are not served.
 */
export class TrafficGate {
  readonly #when: Rollback["gate"];
  readonly #topology: Topology;
  readonly #record: (event: RunEvent) => void;
  #closed = false;

  constructor(when: Rollback["gate"], topology: Topology, record: (event: RunEvent) => void) {
    this.#when = when;
    this.#topology = topology;
    this.#record = record;
  }

  /** Closes, if this is the moment that the drill declares. */
  async closeFor(moment: Rollback["gate"], signal: AbortSignal): Promise<void> {
    if (moment !== this.#when || this.#closed) return;
    this.#closed = true;
    this.#record({ kind: "traffic", state: "closing", detail: `for the ${moment}` });
    await this.#topology.proxies.setEnabled("clients", false);
    this.#record({ kind: "traffic", state: "closed", detail: await this.#drained(signal) });
  }

  async open(): Promise<void> {
    if (!this.#closed) return;
    this.#closed = false;
    await this.#topology.proxies.setEnabled("clients", true);
    this.#record({ kind: "traffic", state: "open", detail: "clients are let through again" });
  }

  async #drained(signal: AbortSignal): Promise<string> {
    try {
      const observer = await this.#topology.observer("gate");
      try {
        return await waitUntil({
          what: "the end of the clients' backends", withinMs: DRAINED_WITHIN_MS, everyMs: 10, place: "the traffic gate", signal,
          check: async () => ((await observer.query("select from pg_stat_activity where usename = 'app'")).rowCount === 0 ? "no backend of a client is left" : undefined),
        });
      } finally {
        await observer.end();
      }
    } catch (error) {
      signal.throwIfAborted();
      return `whether clients' backends are left is not known: ${messageOf(error)}`; // a dead server has none
    }
  }
}
