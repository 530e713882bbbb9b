// A share of a processor for a tree of processes, where no control group can be had: they run for a part of each period.

import { monotonicMs } from "../base/clock.ts";
import { processTree, signal, signalTree } from "../base/process.ts";

const PERIOD_MS = 200;

/** Stops a tree of processes and lets it go on, in turn, so that it runs for a share of the time. */
export class Throttle {
  readonly #root: () => number;
  readonly #share: number;
  readonly #paused: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #wentOnAt = monotonicMs();

  /** Both are asked anew each time: the service may have been started again, and who is paused is not let go on. */
  constructor(share: number, root: () => number, paused: () => boolean) {
    this.#root = root;
    this.#paused = paused;
    this.#share = share;
    this.#turn();
  }

  #turn(): void {
    this.#stopped = !this.#stopped;
    const reached = new Set<number>();
    // Who was born while the others were reached would run on, free, until the next turn: so until there is nobody new.
    for (let others = processTree(this.#root()); others.length > 0; others = processTree(this.#root()).filter((pid) => !reached.has(pid))) {
      for (const pid of others) signal(pid, this.#stopped || this.#paused() ? "SIGSTOP" : "SIGCONT");
      for (const pid of others) reached.add(pid);
      if (!this.#stopped) break; // who is born while all of them may run, may run
    }
    if (!this.#stopped) this.#wentOnAt = monotonicMs();
    // On a busy machine our turn comes late: who ran for longer is stopped for longer, so that the share stays what it is.
    const ranMs = Math.min(PERIOD_MS, Math.max(PERIOD_MS * this.#share, monotonicMs() - this.#wentOnAt));
    this.#timer = setTimeout(() => this.#turn(), this.#stopped ? (ranMs * (1 - this.#share)) / this.#share : PERIOD_MS * this.#share);
  }

  /** Lets everything run again, unless it is paused. */
  end(): void {
    clearTimeout(this.#timer);
    if (!this.#paused()) signalTree(this.#root(), "SIGCONT");
  }
}
