// Child processes: started, found, signalled and ended by their id, never by their name.

import { spawn, execFile } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { HarnessError, codeOf, messageOf } from "./errors.ts";
import { waitUntil } from "./deadline.ts";
import { release, sharedMemoryOf } from "./shared-memory.ts";

export const run = promisify(execFile);

export type Child = {
  readonly pid: number;
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly ended: () => boolean;
};

export type SpawnOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** Is given what the program writes to its file descriptor 3, line by line; without it there is none. */
  readonly onLine?: (line: string) => void;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
};

/**
 * Starts a program in a session of its own, so that a Ctrl-C in the terminal reaches the
 * harness alone, which then ends its children in order.
 * @throws HarnessError `program-missing` when it can't be executed.
 */
export async function start(options: SpawnOptions): Promise<Child> {
  const log = openSync(options.logFile, "a", 0o600);
  try {
    const child = spawn(options.command, options.args, {
      detached: true,
      stdio: ["ignore", log, log, ...(options.onLine ? ["pipe" as const] : [])],
      env: { ...inheritedEnvironment(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    if (options.onLine) {
      const lines = child.stdio[3] as Readable;
      lines.on("error", () => undefined); // it has ended, and `exited` says so
      createInterface({ input: lines }).on("line", options.onLine);
    }
    let ended = false;
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once("exit", (code, signal) => { ended = true; resolve({ code, signal }); });
      child.once("error", () => { ended = true; resolve({ code: 127, signal: null }); });
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("spawn", () => resolve(child.pid ?? 0));
      child.once("error", reject);
    });
    return { pid, exited, ended: () => ended };
  } catch (error) {
    throw new HarnessError({
      code: "program-missing", kind: "environment", place: options.command,
      message: `${options.command} can't be started: ${messageOf(error)}`,
      remedy: "run `npm run setup`, then `turnback doctor`", cause: error,
    });
  } finally {
    closeSync(log);
  }
}

/** The variables that a service may inherit: nothing that could hold a credential. */
function inheritedEnvironment(): Record<string, string> {
  const keep = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ"];
  return Object.fromEntries(keep.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key] ?? ""]])));
}

/** Sends a signal; false when the process is already gone. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
    throw error;
  }
}

/** What Linux says of a process: its state letter, parent and start time; undefined when gone. */
export function inspect(pid: number): { readonly state: string; readonly parent: number; readonly startTicks: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return undefined;
    throw error;
  }
  // The command's name is in brackets and may hold spaces: read what follows the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "?", parent: Number(fields[1]), startTicks: Number(fields[19]) };
}

/** Names a process for good: a process id alone is given to another one some day. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: number };

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: inspect(process.pid)?.startTicks ?? 0 };
}

/** Whether that very process still runs; one that is over, and waits to be taken note of, doesn't. */
export function stillRuns({ pid, startTicks }: ProcessIdentity): boolean {
  const now = inspect(pid);
  return now !== undefined && now.state !== "Z" && now.startTicks === startTicks;
}

export function allPids(): number[] {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** A process and its descendants, the parent first. Zombies don't count: they are over. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number[]>();
  for (const pid of allPids()) {
    const info = inspect(pid);
    if (!info || info.state === "Z") continue;
    parents.set(info.parent, [...(parents.get(info.parent) ?? []), pid]);
  }
  const info = inspect(root);
  const tree: number[] = info && info.state !== "Z" ? [root] : [];
  for (let queue = [root]; queue.length > 0; ) {
    const children = queue.flatMap((pid) => parents.get(pid) ?? []);
    tree.push(...children);
    queue = children;
  }
  return tree;
}

/** Signals what there is of a tree, the parent first. Who must reach all of it stops it before: see {@link stopTree}. */
export function signalTree(root: number, name: NodeJS.Signals): void {
  for (const pid of processTree(root)) signal(pid, name);
}

/**
 * Stops a whole tree, and returns it. A process that is just starting another goes on to do so, so the tree is
 * listed again until all of it stands still and nothing has been added.
 * @throws HarnessError when it hasn't come to a stop within five seconds
 */
export async function stopTree(root: number): Promise<number[]> {
  let tree: number[] = [];
  return waitUntil({
    what: `stop of process ${root} and its children`, withinMs: 5_000, everyMs: 2, lastSeen: () => `states ${tree.map(stateOf).join(" ")}`,
    check: () => {
      const before = tree;
      tree = processTree(root);
      const moving = tree.filter((pid) => !["T", "t"].includes(stateOf(pid)));
      for (const pid of moving) signal(pid, "SIGSTOP");
      // Who hangs in a call to the kernel (D) stops when that ends, and before it can start another.
      return moving.every((pid) => stateOf(pid) === "D") && tree.every((pid) => before.includes(pid)) ? tree : undefined;
    },
  });
}

const stateOf = (pid: number): string => inspect(pid)?.state ?? "gone";

/**
 * Ends a whole tree at once, as if the machine had died, with the memory that its servers would leave behind. It is
 * stopped first: were the parent killed while it starts a child, that one would be nobody's, and live on.
 */
export async function killTree(root: number): Promise<void> {
  const pids = await stopTree(root).catch(() => processTree(root)); // what can't be stopped is killed as it is
  const shared = sharedMemoryOf(pids);
  for (const pid of pids) signal(pid, "SIGKILL");
  await waitUntil({
    what: `end of process ${root} and its ${pids.length - 1} children`, withinMs: 5_000, everyMs: 2,
    check: () => (pids.every((pid) => ["Z", "gone"].includes(stateOf(pid))) ? true : undefined),
  });
  await release(shared);
}

/** SIGTERM (or another), and SIGKILL to the tree when it hasn't ended within the grace. */
export async function end(child: Child, options: { readonly signal?: NodeJS.Signals; readonly graceMs?: number } = {}): Promise<void> {
  const { signal: first = "SIGTERM", graceMs = 5_000 } = options;
  if (child.ended()) return;
  signal(child.pid, "SIGCONT");
  signal(child.pid, first);
  try {
    await waitUntil({ what: `end of process ${child.pid}`, withinMs: graceMs, everyMs: 10, check: () => (child.ended() ? true : undefined) });
  } catch {
    await killTree(child.pid);
    await child.exited;
  }
}
