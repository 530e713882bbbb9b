// Whether the clients are served normally just now: decides when to go on, and never what is judged.

import type { Drill } from "../drill/schema.ts";
import { endedBetween, type LoadStats } from "../load/load.ts";
import type { Probe } from "../observe/probe.ts";

/**
 * Is told of probes and of the load's live counts. The judge recomputes everything from the ledger;
 * this only ends a phase, and errs on the side of waiting longer.
 */
export class SteadyWatch {
  readonly #rule: Drill["steadyState"];
  readonly #nowNs: () => number;
  #badProbeAt = -Infinity;
  #lastProbeAt = -Infinity;
  #samples: LoadStats[] = [];

  constructor(rule: Drill["steadyState"], nowNs: () => number) {
    this.#rule = rule;
    this.#nowNs = nowNs;
  }

  takeProbe(probe: Probe): void {
    this.#lastProbeAt = Math.max(this.#lastProbeAt, probe.due);
    if (!probe.ok || (probe.end - probe.due) / 1e6 > this.#rule.maxLatencyMs) this.#badProbeAt = Math.max(this.#badProbeAt, probe.end);
  }

  /** Takes the load's live counts; to be called several times a window. */
  takeStats(stats: LoadStats): void {
    if (stats.at <= (this.#samples.at(-1)?.at ?? -Infinity)) return;
    this.#samples.push(stats);
    const from = stats.at - this.#rule.windowMs * 1e6;
    while (this.#samples[1] && this.#samples[1].at <= from) this.#samples.shift();
  }

  /** Only what is told from now on counts: a whole window has to pass. */
  startOver(): void {
    this.#samples.length = 0;
  }

  /** True when the last whole window was steady. */
  isSteady(): boolean {
    const windowNs = this.#rule.windowMs * 1e6;
    const now = this.#nowNs();
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || first.at > now - windowNs || last.at < now - 1e9) return false;
    const { failed, all } = endedBetween(first, last);
    return all > 0 && failed / all <= this.#rule.maxErrorRatio && this.#samples.slice(-2).every(({ p99Ms }) => p99Ms <= this.#rule.maxLatencyMs)
      && this.#badProbeAt < now - windowNs && this.#lastProbeAt > now - windowNs;
  }
}
