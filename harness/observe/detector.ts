// The detector: the alert that a team would have had, fed by the probes as they come in.

import type { Drill } from "../drill/schema.ts";
import type { Probe } from "./probe.ts";

export type DetectorState = { readonly firing: boolean; readonly reason: string };

/**
 * Fires when, over a window's length, more than the declared share of the probes that were due
 * failed or were too slow. Probes are placed by when they were due. The prober gives up at the
 * latency limit, so a database that hangs is noticed that much later than one that refuses.
 */
export class Detector {
  readonly #rule: Drill["detector"];
  readonly #probes: { readonly dueMs: number; readonly bad: boolean }[] = [];

  constructor(rule: Drill["detector"]) {
    this.#rule = rule;
  }

  /** Takes in one probe and says whether the alert fires now. */
  take(probe: Probe): DetectorState {
    const { windowMs, maxErrorRatio, maxLatencyMs } = this.#rule;
    const dueMs = probe.due / 1e6;
    const latencyMs = (probe.end - probe.due) / 1e6;
    this.#probes.push({ dueMs, bad: !probe.ok || latencyMs > maxLatencyMs });
    while (this.#probes[0] && this.#probes[0].dueMs <= dueMs - windowMs) this.#probes.shift();
    const bad = this.#probes.filter((p) => p.bad).length;
    const ratio = bad / this.#probes.length;
    return {
      firing: this.#probes.length >= windowMs / 100 && ratio > maxErrorRatio,
      reason: `${bad} of ${this.#probes.length} probes failed within ${windowMs} ms`,
    };
  }
}
