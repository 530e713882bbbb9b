// Whether the clients are served normally just now: decides when to go on, and never what is judged.

import { pause, waitUntil } from "../base/deadline.ts";
import type { Drill } from "../drill/schema.ts";
import { endedBetween, type LoadStats } from "../load/load.ts";
import type { Probe } from "../observe/probe.ts";

/** Whoever waits longer than this, and twice as long as those who were just served, hangs. */
const UNUSUAL_MS = 50;
/** Counts older than this are none: who hangs tells none. */
const STALE_MS = 300;

/**
 * Is told of probes and of the load's live counts. The judge recomputes everything from the ledger;
 * this only ends a phase, and errs on the side of waiting longer.
 */
/** What may bring steady state about that did not come before the migration: too few arrivals show nothing, and too many are not served in time. */
export function steadyRemedy({ load: { arrivalsPerSecond }, steadyState: { windowMs } }: Pick<Drill, "load" | "steadyState">): string {
  const inWindow = (arrivalsPerSecond * windowMs) / 1_000;
  return inWindow < FEW_IN_WINDOW ? `${arrivalsPerSecond} arrivals a second are ${inWindow < 0.1 ? "next to none" : inWindow.toFixed(1)} in a window of ${windowMs} ms: raise load.arrivalsPerSecond, or widen steadyState.windowMs`
    : "the system can't carry this load here: lower load.arrivalsPerSecond or widen steadyState";
}
const FEW_IN_WINDOW = 3;

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

  /**
   * Waits until steady state has come anew, was held on to, and is there at the end: if it is lost meanwhile, whoever
   * stopped looking could not say for how long.
   * @return up to when, in nanoseconds of the run: everything that was due before has ended
   * @param withinMs how long it may take to come, and to come again @throws HarnessError with the code "wait-timed-out"
   */
  async lasts({ holdMs, withinMs, signal }: { readonly holdMs: number; readonly withinMs: number; readonly signal: AbortSignal }): Promise<number> {
    const comes = () => waitUntil({ what: "steady state after the rollback", withinMs, signal, check: () => (this.isSteady() ? this.#samples.at(-1)?.oldestDue : undefined) });
    this.#samples.length = 0; // good service until now, during the way back, is none after it
    await comes();
    await pause(holdMs, signal);
    return comes();
  }

  /** True when the last whole window was steady, and nobody waits who would not usually: what hangs just now has no outcome yet. */
  isSteady(): boolean {
    const windowNs = this.#rule.windowMs * 1e6;
    const now = this.#nowNs();
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || first.at > now - windowNs || last.at < now - STALE_MS * 1e6) return false;
    if (last.at - last.oldestDue > Math.max(UNUSUAL_MS, 2 * last.p99Ms) * 1e6) return false;
    const { bad, all } = endedBetween(first, last);
    return all > 0 && bad / all <= this.#rule.maxErrorRatio && this.#badProbeAt < now - windowNs && this.#lastProbeAt > now - windowNs;
  }
}
