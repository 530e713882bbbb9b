// The undo stack: what must be put back, registered before the effect, run in reverse.

import { HarnessError, messageOf } from "./errors.ts";
import { within } from "./deadline.ts";

export type UndoFailure = { readonly what: string; readonly message: string };

/** Who was left in the midst of starting something must not go on when all is taken down. */
export function runIsOver(what: string): HarnessError {
  return new HarnessError({ code: "run-is-over", kind: "run", place: what, message: `${what} is not begun any more: the run is over` });
}

/**
 * Holds the undo of everything that a run has started. Each undo has a budget of its own,
 * so that one that hangs can't keep the others from running, and none reads the run's abort
 * signal: teardown must work exactly when the run was aborted.
 */
export class UndoStack implements AsyncDisposable {
  readonly #entries: { readonly what: string; readonly undo: () => Promise<unknown>; readonly needed: boolean }[] = [];
  readonly #budgetMs: number;
  #over = false;
  readonly failures: UndoFailure[] = [];

  constructor(budgetMs = 20_000) {
    this.#budgetMs = budgetMs;
  }

  /**
   * Registers an undo and returns a function that runs it now, once.
   * @param needed also where there is little time: else a later undo, which takes all of it down, makes up for it
   */
  push(what: string, undo: () => Promise<unknown>, needed = false): () => Promise<void> {
    if (this.#over) throw runIsOver(what);
    const entry = { what, undo, needed };
    this.#entries.push(entry);
    return async () => {
      const at = this.#entries.indexOf(entry);
      if (at < 0) return;
      this.#entries.splice(at, 1);
      await undo();
    };
  }

  /** Runs what is left, newest first; failures are kept in `failures`, none stops the rest. @param hurryMs what isn't needed has no longer than this */
  async runAll(hurryMs = Infinity): Promise<void> {
    this.#over = true;
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      try {
        await within(entry.needed ? this.#budgetMs : Math.min(this.#budgetMs, hurryMs), `undo of ${entry.what}`, entry.undo());
      } catch (error) {
        this.failures.push({ what: entry.what, message: messageOf(error) });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runAll();
  }
}
