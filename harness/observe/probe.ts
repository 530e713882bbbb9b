// The independent probes: another program than the load (prober/), asking the database 100 times a second.

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { RunClock } from "../base/clock.ts";
import { ROOT } from "../base/files.ts";
import { end } from "../base/process.ts";
import type { Standstill } from "../base/standstill.ts";
import { accessUrl, viewsOf, type Topology } from "../topology/topology.ts";

/** One probe, times in nanoseconds since the run's start. */
export type Probe = { readonly due: number; readonly end: number; readonly ok: boolean; readonly code?: string };

export const PROBE_EVERY_MS = 10;
const PROBER = join(ROOT, ".cache", "bin", "prober");

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
  /** The prober itself was not run. */
  readonly onStandstill: (standstill: Standstill) => void;
}): Promise<Prober> {
  const log = openSync(`${options.topology.runtime.workDirectory}/probe.log`, "a");
  // On one processor: a hundred probes a second are little, and to share them out would cost a third more.
  const child = spawn(PROBER, [], { stdio: ["pipe", "pipe", log], detached: true, env: { TURNBACK_WORK: options.topology.runtime.workDirectory, GOMAXPROCS: "1" } });
  closeSync(log);
  let ended = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>((resolve) => {
    const over = (how: { code: number | null; signal: NodeJS.Signals | null; error?: Error }) => { ended = true; resolve(how); };
    child.once("exit", (code, signal) => over({ code, signal }));
    child.once("error", (error) => over({ code: null, signal: null, error }));
  });
  const { stdin, stdout } = child as ChildProcessByStdio<Writable, Readable, null>;
  createInterface({ input: stdout }).on("line", (line) => {
    const told = JSON.parse(line) as Probe | Standstill;
    if ("from" in told) options.onStandstill(told);
    else options.onProbe(told);
  });
  stdin.on("error", () => undefined); // it has ended, and `died` says so
  // Its standard input stays open: when the harness dies it ends, and the prober with it.
  stdin.write(`${JSON.stringify({
    targets: viewsOf(options.topology).map((view) => ({ url: accessUrl(view.access("app", "clients")), query: options.query(view.database) })),
    file: options.file,
    startMonotonicNs: String(options.clock.startMonotonicNs),
    everyMs: PROBE_EVERY_MS, timeoutMs: options.timeoutMs,
  })}\n`);
  let stopping = false;
  return {
    stop: () => { stopping = true; return end({ pid: child.pid ?? 0, exited, ended: () => ended }, { graceMs: 3_000 }); },
    died: exited.then(({ code, signal, error }) => (stopping ? new Promise<string>(() => undefined) : `the prober ended by itself (${error?.message ?? signal ?? `exit code ${code}`})`)),
  };
}
