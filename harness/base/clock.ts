// One monotonic clock for a run; the only place that reads the time.

/**
 * Time within a run, as whole nanoseconds since the run's start.
 *
 * Node's `process.hrtime` and the load generator both read the kernel's CLOCK_MONOTONIC, so
 * their figures compare directly, and a step of the wall clock in mid-run changes nothing.
 * Relative nanoseconds stay exact in a double for 104 days (2^53 ns).
 */
export type RunClock = {
  /** CLOCK_MONOTONIC at the run's start, absolute, for the processes that the run starts. */
  readonly startMonotonicNs: bigint;
  /** The wall clock at the run's start; for people, never for arithmetic. */
  readonly startedAt: string;
  /** Nanoseconds since the run's start. */
  readonly nowNs: () => number;
};

export function startClock(): RunClock {
  const startMonotonicNs = process.hrtime.bigint();
  return {
    startMonotonicNs,
    startedAt: new Date().toISOString(),
    nowNs: () => Number(process.hrtime.bigint() - startMonotonicNs),
  };
}

/** Monotonic milliseconds for deadlines; the zero is arbitrary. */
export function monotonicMs(): number {
  return performance.now();
}

/** The wall clock as ISO 8601 in UTC; for names and for people. */
export function wallClock(): string {
  return new Date().toISOString();
}
