// Processes that rehearse beside each other, each bounded and replaced when it has to be.

import { fork, type ChildProcess } from "node:child_process";
import { COMPILED } from "../base/files.ts";
import { mutex, sharedMutex } from "../base/mutex.ts";
import { killTree } from "../base/process.ts";
import { HarnessError, type HarnessErrorFields } from "../base/errors.ts";
import { abandonedVolumes } from "../topology/docker-volumes.ts";
import { findLeftovers } from "../topology/leftovers.ts";
import type { Answer, Ask, Conducted, Request, Told } from "./rehearser.ts";
import { expectRoom, ROOM, type Room } from "./room.ts";

/** A rehearsal that is not over by then is told to end. */
const WITHIN_MS = 120_000;
/** And who doesn't end in good order by this long after that is killed. */
const GRACE_MS = 30_000;

/** After so many rehearsals a process is replaced: whatever it holds on to is bounded, however long a sweep is. */
const REHEARSALS = 100;

export class Rehearsers implements AsyncDisposable {
  /** Those that conduct hold no judge's memory: whoever starts processes is quicker for it. */
  readonly #conducting: ChildProcess[] = [];
  readonly #judging: ChildProcess[] = [];
  /** One judges at a time: that is enough for many, and disturbs those who measure the least. */
  readonly #inTurn = mutex();
  readonly #runs = sharedMutex();
  readonly #rehearsed = new WeakMap<ChildProcess, number>();
  readonly #withinMs: number;
  readonly #graceMs: number;
  readonly #rehearsals: number;
  readonly #room: Room;

  constructor({ withinMs = WITHIN_MS, graceMs = GRACE_MS, rehearsals = REHEARSALS, room = ROOM }: { readonly withinMs?: number; readonly graceMs?: number; readonly rehearsals?: number; readonly room?: Room } = {}) {
    this.#rehearsals = rehearsals;
    this.#room = room;
    this.#withinMs = withinMs;
    this.#graceMs = graceMs;
  }

  /**
   * Rehearses in processes that have nothing else to do: one conducts, another judges.
   * @param options.over is told when the run is over, and only to be judged: the next one may begin
   * @param options.metUnkept only judges what is met: it is neither packed nor sealed, and has no page
   * @param options.alone begins when no other run is under way any more, and none begins beside it
   * @throws HarnessError as `rehearse` and `expectRoom` do; `rehearser-died` and `rehearser-hung`, of the kind `run`, when there is no answer
   */
  async rehearse(ask: Ask, signal: AbortSignal, { over = () => undefined, alone = false, metUnkept = false }: { readonly over?: (() => void) | undefined; readonly alone?: boolean; readonly metUnkept?: boolean } = {}): Promise<Told> {
    const conducted = await (alone ? this.#runs.alone : this.#runs.beside)(() => this.#conduct(ask, signal));
    over();
    const judged = await this.#inTurn(() => this.#ask(this.#judging, { conclude: conducted, metUnkept }, new AbortController().signal)); // what was done is worth being judged
    if (!("concluded" in judged)) throw failed(judged);
    return { card: judged.concluded, directory: conducted.directory, failure: conducted.failure };
  }

  async #conduct(ask: Ask, signal: AbortSignal): Promise<Conducted> {
    signal.throwIfAborted();
    await expectRoom(ask.runsDirectory, this.#room);
    const run = await this.#ask(this.#conducting, { conduct: ask }, signal);
    if (!("conducted" in run)) throw failed(run);
    return run.conducted;
  }

  async #ask(idle: ChildProcess[], request: Request, signal: AbortSignal): Promise<Answer> {
    let child = idle.pop();
    while (child && !child.connected) child = idle.pop(); // it has died meanwhile
    child ??= fork(new URL("./rehearser.ts", import.meta.url), { serialization: "advanced", env: { ...process.env, ...COMPILED }, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const answer = await this.#answerOf(child, request, signal);
    if (answer === "died" || answer === "hung") {
      await discard(child);
      return { refused: { code: `rehearser-${answer}`, kind: "run", message: answer === "hung" ? "the rehearsal hung, and was cut off" : "the process that rehearsed has died" } };
    }
    this.#takeBack(idle, child);
    return answer;
  }

  async #answerOf(child: ChildProcess, request: Request, signal: AbortSignal): Promise<Answer | "died" | "hung"> {
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
    child.send(request, (error) => { if (error) died(); });
    try {
      return await promise;
    } finally {
      timers.forEach(clearTimeout);
      signal.removeEventListener("abort", abort);
      child.off("message", answered).off("exit", died).off("error", died);
    }
  }

  #takeBack(idle: ChildProcess[], child: ChildProcess): void {
    const rehearsed = (this.#rehearsed.get(child) ?? 0) + 1;
    this.#rehearsed.set(child, rehearsed);
    if (rehearsed < this.#rehearsals) idle.push(child);
    else child.disconnect(); // it ends by itself
  }

  /** Those that are idle end; nobody else may be asked now. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#conducting.splice(0), ...this.#judging.splice(0)].map((child) => new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.disconnect();
    })));
  }
}

const failed = (answer: Answer) => ("refused" in answer ? new HarnessError(answer.refused) : new Error("broken" in answer ? answer.broken : "the answer was to another question"));

const INTERRUPTED: HarnessErrorFields = { code: "interrupted", kind: "run", message: "the rehearsal was interrupted" };

/** Ends a process that is of no more use, and removes what its run has left. */
async function discard(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return; // it never started
  await killTree(child.pid);
  for (const leftover of [...await findLeftovers(), ...await abandonedVolumes()]) if (leftover.harness === child.pid) await leftover.remove();
}
