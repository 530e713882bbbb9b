// Waiting: every wait has a bound, says what it waited for, and can be aborted.

import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "./clock.ts";
import { HarnessError, messageOf } from "./errors.ts";

/** Resolves after `ms`; rejects with the signal's reason when aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await delay(Math.max(0, ms), undefined, signal ? { signal } : undefined);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

export type WaitOptions<T> = {
  /** What is awaited, for the message: `replica-1 ready`. */
  readonly what: string;
  readonly withinMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Returns the awaited value, or undefined while it isn't there; what it throws is remembered, not raised. */
  readonly check: () => Promise<T | undefined> | T | undefined;
  /** The most telling thing seen last, such as a service's last log line. */
  readonly lastSeen?: () => string | undefined;
  readonly place?: string;
  readonly remedy?: string;
};

/**
 * Polls until `check` returns a value.
 * @throws HarnessError `wait-timed-out` with the bound and the last thing seen.
 */
export async function waitUntil<T>(options: WaitOptions<T>): Promise<T> {
  const { what, withinMs, everyMs = 20, signal, check, lastSeen } = options;
  const end = monotonicMs() + withinMs;
  let lastError: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (error) {
      if (error instanceof HarnessError && error.code === "service-exited") throw error;
      lastError = error;
    }
    if (monotonicMs() + everyMs > end) break;
    await pause(everyMs, signal);
  }
  const seen = lastSeen?.() ?? (lastError === undefined ? undefined : messageOf(lastError));
  throw new HarnessError({
    code: "wait-timed-out",
    kind: "run",
    message: `timed out after ${inWords(withinMs)} waiting for ${what}${seen ? `; last seen: ${seen}` : ""}`,
    place: options.place,
    remedy: options.remedy,
    cause: lastError,
  });
}

const inWords = (ms: number) => (ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`);

/** Bounds a promise that can't be cancelled. @throws HarnessError `wait-timed-out`. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const expiry = delay(ms, undefined, { signal: timer.signal, ref: true }).then(() => {
    throw new HarnessError({
      code: "wait-timed-out",
      kind: "run",
      message: `timed out after ${inWords(ms)} waiting for ${what}`,
    });
  });
  expiry.catch(() => undefined);
  try {
    return await Promise.race([work, expiry]);
  } finally {
    timer.abort();
  }
}

/**
 * Leaves work alone that doesn't end by itself soon after an abort: whatever it waits for, nobody waits for it any more.
 * @throws the signal's reason then; what the work fails by later is nobody's business
 */
export async function unlessAborted<T>(signal: AbortSignal, graceMs: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const left = (async () => {
    if (!signal.aborted) await new Promise<void>((resolve) => { signal.addEventListener("abort", () => { resolve(); }, { once: true, signal: over.signal }); });
    await delay(graceMs, undefined, { signal: over.signal });
    signal.throwIfAborted();
    throw new Error("unreachable");
  })();
  left.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, left]);
  } finally {
    over.abort();
  }
}
