// Processes that rehearse beside each other, each bounded and replaced when it has to be.

import { fork, type ChildProcess } from "node:child_process";
import { COMPILED } from "../base/files.ts";
import { killTree } from "../base/process.ts";
import { HarnessError, type HarnessErrorFields } from "../base/errors.ts";
import { abandonedVolumes, removeVolume } from "../topology/docker-volumes.ts";
import { findLeftovers } from "../topology/leftovers.ts";
import type { Answer, Ask, Request, Told } from "./rehearser.ts";

/** A rehearsal that is not over by then is told to end. */
const WITHIN_MS = 120_000;
/** And who doesn't end in good order by this long after that is killed. */
const GRACE_MS = 30_000;

/** After so many rehearsals a process is replaced: whatever it holds on to is bounded, however long a sweep is. */
const REHEARSALS = 100;

export class Rehearsers implements AsyncDisposable {
  readonly #idle: ChildProcess[] = [];
  readonly #rehearsed = new WeakMap<ChildProcess, number>();
  readonly #withinMs: number;
  readonly #graceMs: number;
  readonly #rehearsals: number;

  constructor({ withinMs = WITHIN_MS, graceMs = GRACE_MS, rehearsals = REHEARSALS }: { readonly withinMs?: number; readonly graceMs?: number; readonly rehearsals?: number } = {}) {
    this.#rehearsals = rehearsals;
    this.#withinMs = withinMs;
    this.#graceMs = graceMs;
  }

  /**
   * Rehearses in a process that has nothing else to do.
   * @throws HarnessError as `rehearse` does; `rehearser-died` and `rehearser-hung`, of the kind `run`, when there is no answer
   */
  async rehearse(ask: Ask, signal: AbortSignal): Promise<Told> {
    signal.throwIfAborted();
    let child = this.#idle.pop();
    while (child && !child.connected) child = this.#idle.pop(); // it has died meanwhile
    child ??= fork(new URL("./rehearser.ts", import.meta.url), { serialization: "advanced", env: { ...process.env, ...COMPILED }, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const told = await this.#ask(child, ask, signal);
    if ("told" in told) return told.told;
    if ("refused" in told) throw new HarnessError(told.refused);
    throw new Error(told.broken);
  }

  async #ask(child: ChildProcess, ask: Ask, signal: AbortSignal): Promise<Answer> {
    const timers: NodeJS.Timeout[] = [];
    const { promise, resolve } = Promise.withResolvers<Answer | "died" | "hung">();
    const end = ({ code, kind, message }: HarnessErrorFields) => {
      if (child.connected) child.send({ abort: { code, kind, message } } satisfies Request, () => undefined);
      timers.push(setTimeout(() => resolve("hung"), this.#graceMs));
    };
    const abort = () => end(signal.reason instanceof HarnessError ? signal.reason : INTERRUPTED);
    const answered = (answer: unknown) => resolve(answer as Answer);
    const died = () => resolve("died");
    child.once("message", answered).once("exit", died).once("error", died);
    signal.addEventListener("abort", abort, { once: true });
    timers.push(setTimeout(() => end({ code: "too-long", kind: "run", message: `the rehearsal took more than ${this.#withinMs / 1_000} s` }), this.#withinMs));
    child.send({ ask } satisfies Request, (error) => { if (error) died(); });
    try {
      const answer = await promise;
      if (typeof answer === "object") {
        this.#takeBack(child);
        return answer;
      }
      await discard(child);
      return { refused: { code: `rehearser-${answer}`, kind: "run", message: answer === "hung" ? "the rehearsal hung, and was cut off" : "the process that rehearsed has died" } };
    } finally {
      timers.forEach(clearTimeout);
      signal.removeEventListener("abort", abort);
      child.off("message", answered).off("exit", died).off("error", died);
    }
  }

  #takeBack(child: ChildProcess): void {
    const rehearsed = (this.#rehearsed.get(child) ?? 0) + 1;
    this.#rehearsed.set(child, rehearsed);
    if (rehearsed < this.#rehearsals) this.#idle.push(child);
    else child.disconnect(); // it ends by itself
  }

  /** Those that are idle end; nobody else may be asked now. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((child) => new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.disconnect();
    })));
  }
}

const INTERRUPTED: HarnessErrorFields = { code: "interrupted", kind: "run", message: "the rehearsal was interrupted" };

/** Ends a process that is of no more use, and removes what its run has left. */
async function discard(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return; // it never started
  await killTree(child.pid);
  for (const leftover of await findLeftovers()) if (leftover.harness === child.pid) await leftover.remove();
  for (const volume of await abandonedVolumes()) await removeVolume(volume);
}
