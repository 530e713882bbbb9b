// Who decides to go back, and when: the alert or the migration's end, and the time that deciding takes.

import { pause } from "../base/deadline.ts";
import type { Drill } from "../drill/schema.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import { Detector } from "../observe/detector.ts";
import type { Probe } from "../observe/probe.ts";

export class Decision {
  readonly #rule: Drill["rollback"];
  readonly #record: (event: RunEvent) => void;
  readonly #detector: Detector;
  #firing = false;
  #migrating = false;
  #onAlert: () => void = () => undefined;
  readonly #alert: Promise<void>;

  constructor(drill: Drill, record: (event: RunEvent) => void) {
    this.#rule = drill.rollback;
    this.#record = record;
    this.#detector = new Detector(drill.detector);
    this.#alert = new Promise((resolve) => { this.#onAlert = resolve; });
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
    if (firing && this.#migrating) this.#onAlert(); // an alert of the warm-up is no reason to go back
  }

  /** The migration begins. The signal cuts it short when that is decided before its end. */
  watchMigration(): AbortSignal {
    this.#migrating = true;
    const cutShort = new AbortController();
    if (this.#rule.decide.on === "alert") void this.#alert.then(() => cutShort.abort(new Error("the alert fired: the migration is stopped")));
    return cutShort.signal;
  }

  /** Waits for whoever decides; false when nobody ever saw a reason to go back. */
  async made(signal: AbortSignal): Promise<boolean> {
    const { decide, alertWithinMs } = this.#rule;
    if (decide.on === "alert" && !(await this.#alertWithin(alertWithinMs, signal))) {
      this.#record({ kind: "decision", by: "nobody", detail: `the detector did not fire within ${alertWithinMs} ms of the migration's end` });
      return false;
    }
    await pause(decide.delayMs, signal);
    this.#record({ kind: "decision", by: decide.on, ...(decide.delayMs > 0 ? { detail: `after ${decide.delayMs} ms` } : {}) });
    return true;
  }

  async #alertWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    const patience = new AbortController();
    const waited = pause(ms, AbortSignal.any([signal, patience.signal])).then(() => false, () => false);
    const alerted = await Promise.race([this.#alert.then(() => true), waited]);
    patience.abort();
    signal.throwIfAborted();
    return alerted;
  }
}
