// A share of a processor for a tree of processes, where no control group can be had: they run for a part of each period.

import { processTree, signal, signalTree } from "../base/process.ts";

const PERIOD_MS = 200;

/** Stops a tree of processes and lets it go on, in turn, so that it runs for a share of the time. */
export class Throttle {
  readonly #root: () => number;
  readonly #runMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `root` is asked anew each time: the service may have been started again. */
  constructor(share: number, root: () => number) {
    this.#root = root;
    this.#runMs = PERIOD_MS * share;
    this.#turn();
  }

  #turn(): void {
    this.#stopped = !this.#stopped;
    // One look each time: a child that is born just now is met at the next turn.
    for (const pid of processTree(this.#root())) signal(pid, this.#stopped ? "SIGSTOP" : "SIGCONT");
    this.#timer = setTimeout(() => this.#turn(), this.#stopped ? PERIOD_MS - this.#runMs : this.#runMs);
  }

  /** Lets everything run again. */
  end(): void {
    clearTimeout(this.#timer);
    signalTree(this.#root(), "SIGCONT");
  }
}
