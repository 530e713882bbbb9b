// Drives k6: starts it with our extension, stops it in good order, and says when it died.

import { join, resolve } from "node:path";
import { HarnessError } from "../base/errors.ts";
import { ROOT, exists, tailOf } from "../base/files.ts";
import { end, signal, start, type Child } from "../base/process.ts";
import { waitUntil } from "../base/deadline.ts";
import type { Standstill } from "../base/standstill.ts";
import type { RunClock } from "../base/clock.ts";
import type { Drill } from "../drill/schema.ts";
import { declarationError } from "../drill/parse.ts";

export const K6 = join(ROOT, ".cache", "bin", "k6");

export type LoadStats = {
  readonly at: number;
  readonly counts: Partial<Record<"committed" | "rejected" | "indeterminate" | "dropped", number>>;
  /** Of those committed, how many took longer from their due time than steady state tolerates. */
  readonly slow: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** When the oldest of those under way was due; `at` where none is. */
  readonly oldestDue: number;
  /** Times for which the load was not run, each told once; null where there is none. */
  readonly stood: readonly Standstill[] | null;
};

export type LoadOptions = {
  readonly load: Drill["load"];
  /** From when on, counted from its due time, an operation that was served counts as slow in the live figures. */
  readonly slowAfterMs: number;
  readonly scale: number;
  readonly seed: number;
  readonly url: string;
  /** The other databases' by name. */
  readonly otherUrls?: Readonly<Record<string, string>>;
  /** Where the addresses of the application's instances are. */
  readonly applicationFile?: string | undefined;
  readonly clock: RunClock;
  readonly workDirectory: string;
  /** Undefined: no ledger, for measuring what it costs. */
  readonly ledgerDirectory: string | undefined;
  /** The load ends by itself after this; 0: when it is stopped. */
  readonly durationMs?: number;
  /** Is told the live figures, ten times a second. */
  readonly onStats?: (stats: LoadStats) => void;
};

/** Operations that ended between two looks at the live figures, and how many of them were not served in time. */
export function endedBetween(before: LoadStats, now: LoadStats): { readonly bad: number; readonly all: number } {
  const since = (outcome: keyof LoadStats["counts"]) => (now.counts[outcome] ?? 0) - (before.counts[outcome] ?? 0);
  const failed = since("rejected") + since("indeterminate") + since("dropped");
  return { bad: failed + now.slow - before.slow, all: failed + since("committed") };
}

/** A running load generator. */
export class Load implements AsyncDisposable {
  readonly #child: Child;
  readonly logFile: string;
  /** It has a duration, and may end in good order before it is told to. */
  readonly #endsByItself: boolean;
  readonly #newest: () => LoadStats | undefined;
  #stopping = false;

  private constructor(child: Child, newest: () => LoadStats | undefined, logFile: string, endsByItself: boolean) {
    this.#endsByItself = endsByItself;
    this.#child = child;
    this.#newest = newest;
    this.logFile = logFile;
  }

  static async start(options: LoadOptions): Promise<Load> {
    const workload = resolve(ROOT, options.load.workload);
    if (!(await exists(workload))) {
      throw declarationError("load.workload", `load.workload: there is no file ${options.load.workload}`, "give a k6 script, relative to the repository");
    }
    let newest: LoadStats | undefined;
    const logFile = join(options.workDirectory, "k6.log");
    const { load } = options;
    const dsn = (url: string) => (load.isolation === "read committed" ? url : `${url}&default_transaction_isolation=${encodeURIComponent(load.isolation)}`);
    const config = {
      dsn: dsn(options.url), others: Object.fromEntries(Object.entries(options.otherUrls ?? {}).map(([name, url]) => [name, dsn(url)])), applicationFile: options.applicationFile ?? "", ledgerDir: options.ledgerDirectory ?? "", statsFd: 3,
      runStartNs: String(options.clock.startMonotonicNs),
      perSecond: load.arrivalsPerSecond, poisson: load.arrivals === "poisson",
      clients: load.clients, connections: load.connections,
      timeoutMs: load.timeoutMs, patienceMs: load.patienceMs, slowAfterMs: options.slowAfterMs, durationMs: options.durationMs ?? 0, seed: options.seed,
    };
    const child = await start({
      command: K6,
      args: ["run", "--quiet", "--no-color", "--no-usage-report", "--address", "", "--summary-mode", "disabled", workload],
      env: { TURNBACK_LOAD: JSON.stringify(config), TURNBACK_SCALE: String(options.scale), TURNBACK_WORK: options.workDirectory, HOME: options.workDirectory, TZ: "UTC" }, // no options, passwords or time zone of whoever runs it
      cwd: options.workDirectory,
      logFile,
      onLine: (line) => {
        try {
          newest = JSON.parse(line) as LoadStats;
        } catch {
          return; // it was killed while it wrote this
        }
        options.onStats?.(newest);
      },
    });
    return new Load(child, () => newest, logFile, (options.durationMs ?? 0) > 0);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves with a message when the generator ends before it was told to. */
  async died(): Promise<string> {
    const { code, signal: by } = await this.#child.exited;
    // k6 takes a script that throws for a success.
    if (this.#stopping || (code === 0 && this.#endsByItself)) return new Promise(() => undefined);
    const log = tailOf(this.logFile).trim().split("\n").filter((line) => line.includes("turnback:") || line.includes("rror")).at(-1);
    return `the load generator ended by itself (${by ?? `exit code ${code}`})${log ? `: ${log.trim()}` : ""}`;
  }

  /** The newest live figures, if there are any yet. */
  get stats(): LoadStats | undefined {
    return this.#newest();
  }

  /** Ends the schedule; operations in flight are finished and recorded. @throws when it won't end. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#child.ended()) return;
    signal(this.#child.pid, "SIGUSR1");
    await waitUntil({
      what: "end of the load", withinMs: graceMs, place: "k6", remedy: "read logs/k6.log in the run directory",
      check: () => (this.#child.ended() ? true : undefined),
    });
    const { code } = await this.#child.exited;
    if (code !== 0) {
      throw new HarnessError({ code: "load-failed", kind: "run", place: "k6", message: `the load generator ended with exit code ${code}`, remedy: "read logs/k6.log in the run directory" });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await end(this.#child, { signal: "SIGTERM", graceMs: 2_000 });
  }
}
