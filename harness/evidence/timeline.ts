// The timeline: every event of a run, in order, each line chained to the one before.

import { appendFileSync } from "node:fs";
import { sha256 } from "../base/files.ts";
import { evidenceError } from "./evidence-error.ts";
import type { Failure } from "./failure.ts";

/** What can happen in a run. `t` is nanoseconds since the run's start (CLOCK_MONOTONIC). */
export type RunEvent =
  | { readonly kind: "run"; readonly state: "started" | "completed" | "aborted"; readonly reason?: string }
  | { readonly kind: "phase"; readonly phase: Phase; readonly state: "started" | "ended" }
  | { readonly kind: "service"; readonly service: string; readonly state: string; readonly detail?: string }
  | {
      readonly kind: "load"; readonly state: "started" | "steady" | "stopping" | "ended" | "failed"; readonly detail?: string;
      /** When it is stopped in steady state: what was due up to then has ended, and service is judged up to there. */ readonly observedTo?: number;
    }
  | {
      readonly kind: "step"; readonly direction: "forward" | "backward"; readonly step: string;
      readonly state: "started" | "retried" | "done" | "skipped" | "failed"; readonly detail?: string; readonly error?: Failure;
    }
  | { readonly kind: "progress"; readonly direction: "forward" | "backward"; readonly step: string; readonly share: number }
  | {
      readonly kind: "migration"; readonly state: "started" | "completed" | "failed"; readonly detail?: string; readonly error?: Failure;
      /** Stopped from outside: by the decision to go back, or because its time was up. */ readonly cut?: "decision" | "time";
      /** Whether it wrote a row, or a catalogue says anything else than before, when it came to its end; left out where that isn't known. */ readonly changed?: boolean;
    }
  | {
      readonly kind: "fault"; readonly index: number; readonly fault: string; readonly target: string;
      readonly state: "triggered" | "proven" | "unproven" | "healed" | "unhealed" | "not-triggered";
      readonly detail?: string;
    }
  | { readonly kind: "detector"; readonly state: "firing" | "cleared"; readonly detail?: string }
  | { readonly kind: "decision"; readonly state: "asked" | "go" | "stay" | "none"; readonly by: string; readonly detail: string }
  | { readonly kind: "rollback"; readonly state: "started" | "retried" | "completed" | "failed"; readonly strategy: string; readonly detail?: string; readonly error?: Failure }
  | { readonly kind: "backup"; readonly state: "taken" | "refused" | "chosen" | "restored"; readonly label: string; readonly detail: string; /** Of the backup when taken; of the WAL beside it when restored. */ readonly bytes?: number }
  | {
      readonly kind: "replication"; readonly state: "attached" | "fenced" | "promoted" | "left-behind" | "switched" | "switched-back" | "failed"; readonly server: string; readonly detail: string;
      /** Of the copy. */ readonly bytes?: number; /** Commits in the old primary's WAL that the new one never had. */ readonly transactions?: number;
    }
  | { readonly kind: "volume"; readonly state: "swapped" | "swapped-back"; readonly detail: string; /** Of what was copied. */ readonly bytes: number }
  | { readonly kind: "flag"; readonly state: "checked" | "off"; readonly flag: string; readonly detail: string }
  | { readonly kind: "application"; readonly state: "deployed" | "reconciled" | "settled" | "unsettled"; readonly detail: string }
  | { readonly kind: "journey"; readonly journey: string; readonly version: string; readonly state: "passed" | "failed" | "unknown"; readonly detail?: string }
  | { readonly kind: "traffic"; readonly state: "closing" | "closed" | "returning" | "open"; readonly detail: string }
  | { /** A part of the harness was not run, from `from` to when this is recorded as of. */ readonly kind: "standstill"; readonly of: "load" | "probes" | "harness"; readonly from: number }
  | { readonly kind: "quiescence"; readonly state: "proven" | "unproven"; readonly detail: string }
  | { readonly kind: "harness-error"; readonly code: string; readonly message: string; readonly place?: string; readonly remedy?: string };

export type Phase = "prepare" | "baseline" | "warm-up" | "migration" | "decision" | "rollback" | "recovery" | "quiesce" | "after" | "checks";

export type TimelineEntry = RunEvent & { readonly t: number; readonly prev: string };

export const CHAIN_START = "0".repeat(64);

/** Appends one line for each event; synchronous, so that a killed harness loses none. */
export class TimelineWriter {
  readonly #path: string;
  readonly #nowNs: () => number;
  readonly #redact: <T>(data: T) => T;
  #head = CHAIN_START;
  readonly #listeners: ((entry: TimelineEntry) => void)[] = [];

  constructor(path: string, nowNs: () => number, redact: <T>(data: T) => T) {
    this.#path = path;
    this.#nowNs = nowNs;
    this.#redact = redact;
  }

  /** The hash of the last line; the seal names it. */
  get head(): string {
    return this.#head;
  }

  onEvent(listener: (entry: TimelineEntry) => void): void {
    this.#listeners.push(listener);
  }

  /** Records an event as of now, or as of `t` when it was observed earlier. Returns its time. */
  record(event: RunEvent, t = this.#nowNs()): number {
    const entry = this.#redact({ t, ...event, prev: this.#head }) as TimelineEntry;
    const line = JSON.stringify(entry);
    try {
      appendFileSync(this.#path, `${line}\n`);
    } catch (error) {
      throw evidenceError(this.#path, error);
    }
    this.#head = sha256(line);
    for (const listener of this.#listeners) listener(entry);
    return t;
  }
}
