// Who decides to go back, and when: what raises the question, a person who may have to answer it, and how long that takes.

import { pause } from "../base/deadline.ts";
import type { Drill } from "../drill/schema.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import { Detector } from "../observe/detector.ts";
import type { Probe } from "../observe/probe.ts";
import type { Person } from "./person.ts";

type Trigger = "alert" | "completion" | "deadline";

export class Decision {
  readonly #rule: Drill["rollback"];
  readonly #record: (event: RunEvent) => void;
  readonly #person: Person;
  readonly #detector: Detector;
  #firing = false;
  #migrating = false;
  readonly #alert = Promise.withResolvers<undefined>();
  readonly #completion = Promise.withResolvers<undefined>();
  #outcome: Promise<boolean> | undefined;

  constructor(drill: Drill, record: (event: RunEvent) => void, person: Person) {
    this.#rule = drill.rollback;
    this.#record = record;
    this.#person = person;
    this.#detector = new Detector(drill.detector);
  }

  get firing(): boolean {
    return this.#firing;
  }

  takeProbe(probe: Probe): void {
    const { firing, reason } = this.#detector.take(probe);
    if (firing === this.#firing) return;
    this.#firing = firing;
    try {
      this.#record({ kind: "detector", state: firing ? "firing" : "cleared", detail: reason });
    } catch {
      return; // nobody awaits a probe; the safety stop, which the record has pulled, tells the phases
    }
    if (firing && this.#migrating) this.#alert.resolve(undefined); // an alert of the warm-up is no reason to go back
  }

  /**
   * The migration begins. The signal cuts it short when it is decided to go back before its end; `doubts` says what an
   * automation can't know just then, and would have to.
   */
  watchMigration(signal: AbortSignal, doubts: (trigger: Trigger) => Promise<readonly string[]>): AbortSignal {
    this.#migrating = true;
    const cutShort = new AbortController();
    this.#outcome = this.#decide(signal, doubts, (why) => cutShort.abort(new Error(why)));
    this.#outcome.catch(() => undefined); // whoever asks for it hears of it
    return cutShort.signal;
  }

  /** The migration has ended, in whatever way: waits for whoever decides; false when it is decided to stay. */
  async made(): Promise<boolean> {
    this.#completion.resolve(undefined);
    return (await this.#outcome) ?? false;
  }

  async #decide(signal: AbortSignal, doubts: (trigger: Trigger) => Promise<readonly string[]>, cut: (why: string) => void): Promise<boolean> {
    const { decide: { human, delayMs } } = this.#rule;
    const trigger = await this.#first(signal);
    if (!trigger) return false;
    let by: string = trigger;
    let why = SAYS[trigger];
    if (human) {
      const open = await doubts(trigger);
      if (human.when === "always" || open.length > 0) {
        const answer = await this.#person.ask({ reason: why, doubts: open, human, signal });
        if (!answer.approves) {
          this.#record({ kind: "decision", state: "stay", by: answer.by, detail: answer.detail });
          return false;
        }
        by = answer.by;
        why = answer.detail;
      }
    }
    cut(`${why}: the migration is stopped`);
    await pause(delayMs, signal);
    this.#record({ kind: "decision", state: "go", by, detail: delayMs > 0 ? `${why}, after ${delayMs} ms` : why });
    return true;
  }

  /** What raises the question first; undefined, and recorded, when nothing does: then the drill has not shown what it is about. */
  async #first(signal: AbortSignal): Promise<Trigger | undefined> {
    const { decide: { on, deadlineMs }, alertWithinMs } = this.#rule;
    const triggers: readonly Trigger[] = typeof on === "string" ? [on] : on;
    const over = new AbortController();
    const timers = AbortSignal.any([signal, over.signal]);
    // A deadline is what the migration must be through by: once it is, only an alert is waited for.
    const nothing = this.#completion.promise.then(() => pause(triggers.includes("alert") ? alertWithinMs : 0, timers)).then(() => undefined);
    const ways: Record<Trigger, () => Promise<unknown>> = {
      alert: () => this.#alert.promise,
      completion: () => this.#completion.promise,
      deadline: () => Promise.race([pause(deadlineMs ?? 0, timers), this.#completion.promise.then(() => new Promise(() => undefined))]),
    };
    const racing = triggers.map((trigger) => ways[trigger]().then(() => trigger));
    for (const one of [nothing, ...racing]) one.catch(() => undefined); // those that lose are called off
    try {
      const first = await Promise.race([...racing, nothing, aborted(signal)]);
      if (first === undefined) this.#record({ kind: "decision", state: "none", by: "nobody", detail: triggers.includes("alert") ? `the detector did not fire within ${alertWithinMs} ms of the migration's end` : "the migration ended before its deadline" });
      return first;
    } finally {
      over.abort();
    }
  }
}

const SAYS: Record<Trigger, string> = { alert: "the alert fired", completion: "the migration has ended", deadline: "the deadline has passed" };

/** Rejects when the signal aborts, and never resolves. */
function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const now = () => { reject(signal.reason as Error); };
  if (signal.aborted) now();
  else signal.addEventListener("abort", now, { once: true });
  return promise;
}
