// The independent probes: another program than the load, asking the database 100 times a second.

import { fork, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { RunClock } from "../base/clock.ts";
import { end } from "../base/process.ts";
import { accessUrl, viewsOf, type Topology } from "../topology/topology.ts";

/** One probe, times in nanoseconds since the run's start. */
export type Probe = { readonly due: number; readonly end: number; readonly ok: boolean; readonly code?: string };

export const PROBE_EVERY_MS = 10;

export type ProbeSettings = {
  /** What each probe asks, all of them at once. */
  readonly targets: readonly { readonly url: string; readonly query: string }[];
  readonly file: string;
  readonly startMonotonicNs: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
};

export type Prober = {
  readonly stop: () => Promise<void>;
  /** Resolves with a message when it ends before it was told to. */
  readonly died: Promise<string>;
};

/** Starts the probes in a process of their own, so that a busy harness can't flatter or blame the system. */
export async function startProber(options: {
  readonly topology: Topology;
  readonly clock: RunClock;
  readonly file: string;
  /** Of each of its databases, which a probe asks all at once. */
  readonly query: (database: string | undefined) => string;
  /** A probe that is not answered by then has failed. */
  readonly timeoutMs: number;
  readonly onProbe: (probe: Probe) => void;
}): Promise<Prober> {
  const log = openSync(`${options.topology.runtime.workDirectory}/probe.log`, "a");
  const child: ChildProcess = fork(new URL("./probe-process.ts", import.meta.url), {
    stdio: ["ignore", log, log, "ipc"],
    detached: true,
    env: { PATH: process.env["PATH"], TURNBACK_WORK: options.topology.runtime.workDirectory },
  });
  closeSync(log);
  let ended = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once("exit", (code, signal) => { ended = true; resolve({ code, signal }); }));
  child.on("message", (message) => options.onProbe(message as Probe));
  const settings: ProbeSettings = {
    targets: viewsOf(options.topology).map((view) => ({ url: accessUrl(view.access("app", "clients")), query: options.query(view.database) })),
    file: options.file,
    startMonotonicNs: String(options.clock.startMonotonicNs),
    everyMs: PROBE_EVERY_MS, timeoutMs: options.timeoutMs,
  };
  child.send(settings);
  let stopping = false;
  return {
    stop: () => { stopping = true; return end({ pid: child.pid ?? 0, exited, ended: () => ended }, { graceMs: 3_000 }); },
    died: exited.then(({ code, signal }) => (stopping ? new Promise<string>(() => undefined) : `the prober ended by itself (${signal ?? `exit code ${code}`})`)),
  };
}
