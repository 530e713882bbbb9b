// Whether the clients are served normally just now: decides when to go on, and never what is judged.

import type { Drill } from "../drill/schema.ts";
import { endedBetween, type Load, type LoadStats } from "../load/load.ts";
import type { Probe } from "../observe/probe.ts";

/**
 * Watches probes and the load's live counts. The judge recomputes everything from the ledger;
 * this only ends a phase, and errs on the side of waiting longer.
 */
export class SteadyWatch {
  readonly #rule: Drill["steadyState"];
  readonly #load: Load;
  readonly #nowNs: () => number;
  #badProbeAt = -Infinity;
  #lastProbeAt = -Infinity;
  #samples: LoadStats[] = [];

  constructor(rule: Drill["steadyState"], load: Load, nowNs: () => number) {
    this.#rule = rule;
    this.#load = load;
    this.#nowNs = nowNs;
  }

  takeProbe(probe: Probe): void {
    this.#lastProbeAt = Math.max(this.#lastProbeAt, probe.due);
    if (!probe.ok || (probe.end - probe.due) / 1e6 > this.#rule.maxLatencyMs) this.#badProbeAt = Math.max(this.#badProbeAt, probe.end);
  }

  /** True when the last whole window was steady; call it a few times a second. */
  async isSteady(): Promise<boolean> {
    const windowNs = this.#rule.windowMs * 1e6;
    const now = this.#nowNs();
    const stats = await this.#load.stats();
    if (stats && stats.at !== this.#samples.at(-1)?.at) this.#samples.push(stats);
    while (this.#samples[1] && this.#samples[1].at <= now - windowNs) this.#samples.shift();
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || first.at > now - windowNs || last.at < now - 1e9) return false;
    const { failed, all } = endedBetween(first, last);
    return all > 0 && failed / all <= this.#rule.maxErrorRatio && last.p99Ms <= this.#rule.maxLatencyMs
      && this.#badProbeAt < now - windowNs && this.#lastProbeAt > now - windowNs;
  }
}
