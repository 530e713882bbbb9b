// The process runtime: services as plain processes on this machine, where no engine answers.

import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { constants, release, tmpdir } from "node:os";
import { join } from "node:path";
import { HarnessError, messageOf } from "../base/errors.ts";
import { waitUntil } from "../base/deadline.ts";
import { end, inspect, killTree, processTree, run, signal, signalTree, start, stopTree, type Child } from "../base/process.ts";
import { inUse, release as releaseMemory, sharedMemoryOf, type SharedMemory } from "../base/shared-memory.ts";
import { runIsOver, UndoStack } from "../base/undo.ts";
import { FaultyDisk, whyNoFuse } from "./faulty-disk.ts";
import { LiveRun } from "./leftovers.ts";
import { markOf, removeRules, whyNoPacketFilter } from "./packet-filter.ts";
import { claimPort } from "./ports.ts";
import { expectPassable, unprivilegedUser } from "./embedded-postgres.ts";
import { whyNoSkew } from "./skewed-clock.ts";
import { Throttle } from "./throttle.ts";
import { BASH, SCRIPT, scriptFailed, ServiceExited, type Address, type Capability, type Launch, type Runtime, type Service, type ServiceState } from "./runtime.ts";

/** What a runtime of plain processes can do on this machine. */
export const processCapabilities = (): readonly Capability[] => ["kill", "pause", "restart", "network-faults", "reply-lost", "files", "database", "cpu",
  ...(whyNoFuse() === undefined ? ["faulty-disk" as const] : []), ...(whyNoPacketFilter() === undefined ? ["packets" as const] : []), ...(whyNoSkew() === undefined ? ["clock" as const] : [])];

export class ProcessRuntime implements Runtime {
  readonly kind = "process";
  readonly capabilities: ReadonlySet<Capability> = new Set(processCapabilities());
  readonly why: string;
  readonly workDirectory: string;
  readonly #live: LiveRun;
  readonly #undo = new UndoStack();
  /** Whether anybody has changed the machine's packet filter. */
  #filtered = false;

  private constructor(why: string, workDirectory: string, live: LiveRun) {
    this.why = why;
    this.workDirectory = workDirectory;
    this.#live = live;
  }

  static async open(runName: string, why: string): Promise<ProcessRuntime> {
    expectPassable(tmpdir());
    const workDirectory = await mkdtemp(join(tmpdir(), "turnback-"));
    await chmod(workDirectory, 0o711); // PostgreSQL's user must get through to its own folder
    return new ProcessRuntime(why, workDirectory, await LiveRun.open(runName, workDirectory, "process"));
  }

  versions(): Promise<Record<string, string>> {
    return Promise.resolve({ os: `${process.platform} ${release()}` });
  }

  async start(launch: Launch): Promise<Service> {
    const ports: Record<string, number> = {};
    for (const [name, port] of Object.entries(launch.ports)) {
      ports[name] = await claimPort(launch.name, port.fixed);
    }
    const service = new ProcessService(launch, ports, this.workDirectory, this.#live, () => { this.#filtered = true; });
    this.#undo.push(`service ${launch.name}`, () => service.destroy());
    await service.start();
    return service;
  }

  /** Has something done when all that was started after this call is down. */
  atEnd(what: string, work: () => Promise<void>): void {
    this.#undo.push(what, work);
  }

  openDisk(): Promise<FaultyDisk> {
    return FaultyDisk.open({ workDirectory: this.workDirectory, owner: unprivilegedUser(), live: this.#live, undo: this.#undo });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.runAll();
    if (this.#filtered) await removeRules(this.workDirectory);
    await rm(this.workDirectory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    const [failure] = this.#undo.failures;
    if (failure) {
      throw new HarnessError({
        code: "teardown-failed", kind: "run", place: failure.what,
        message: `${failure.what} could not be undone: ${failure.message}`, remedy: "run `turnback clean`",
      });
    }
    await this.#live.close();
  }
}

class ProcessService implements Service {
  readonly name: string;
  readonly logFile: string;
  readonly #launch: Launch;
  readonly #ports: Readonly<Record<string, number>>;
  readonly #workDirectory: string;
  readonly #live: LiveRun;
  readonly #onFilter: () => void;
  #child: Child | undefined;
  #memory: SharedMemory = { systemV: [], lists: [] };
  #throttle: Throttle | undefined;
  #held = false;
  /** Who ends by our own doing has not died. */
  #ending = false;
  #destroyed = false;
  /** Scripts under way. */
  readonly #scripts = new Set<number>();
  #loggedBefore = 0;

  constructor(launch: Launch, ports: Readonly<Record<string, number>>, workDirectory: string, live: LiveRun, onFilter: () => void) {
    this.name = launch.name;
    this.logFile = join(workDirectory, `${launch.name}.log`);
    this.#launch = launch;
    this.#ports = ports;
    this.#workDirectory = workDirectory;
    this.#live = live;
    this.#onFilter = onFilter;
    appendFileSync(this.logFile, "");
  }

  address(port: string): Address {
    const number = this.#ports[port];
    if (number === undefined) throw new Error(`${this.name} has no port named ${port}`);
    return { host: "127.0.0.1", port: number };
  }

  innerAddress(port: string): Address {
    return this.address(port);
  }

  bindAddress(port: string): Address {
    return this.address(port);
  }

  async start(): Promise<void> {
    if (this.#destroyed) throw runIsOver(this.name);
    if (this.#child) await this.#launch.beforeStart?.(this);
    const { process: how } = this.#launch;
    const user = how.unprivileged ? unprivilegedUser() : undefined;
    this.#loggedBefore = lengthOf(this.logFile);
    const child = await start({
      command: how.command,
      args: how.args(this.#ports),
      env: { ...how.env?.(this.#ports), ...how.folders, TURNBACK_WORK: this.#workDirectory },
      cwd: how.cwd ?? this.#workDirectory,
      logFile: this.logFile,
      uid: user?.uid,
      gid: user?.gid,
    });
    this.#child = child;
    this.#held = this.#ending = false;
    this.#live.addProcess(child.pid);
    if (this.#destroyed) { // while it was being started
      await this.destroy();
      throw runIsOver(this.name);
    }
    await waitUntil({
      what: `${this.name} to be ready`,
      withinMs: this.#launch.readyWithinMs,
      everyMs: 15,
      place: this.name,
      lastSeen: () => lastLine(this.logFile),
      check: async () => {
        if (child.ended()) throw await this.#exitedEarly(child);
        return (await this.#launch.ready(this)) ? true : undefined;
      },
    });
    this.#memory = sharedMemoryOf(processTree(child.pid));
  }

  async #exitedEarly(child: Child): Promise<ServiceExited> {
    const { code, signal } = await child.exited;
    return new ServiceExited(this.name, signal ? 128 + constants.signals[signal] : code ?? 1, lastWords(this.logFile, this.#loggedBefore));
  }

  async kill(): Promise<void> {
    const child = this.#require();
    // All of it, as if the machine had died: backends that outlive the postmaster for a moment
    // could still acknowledge a commit, and would keep its shared memory from a new start.
    this.#held = this.#ending = true; // else who throttles it would let it go on
    await killTree(child.pid);
    await child.exited;
  }

  killOne(pid: number): Promise<void> {
    if (!processTree(this.#require().pid).includes(pid)) throw new HarnessError({ code: "no-such-process", kind: "run", place: this.name, message: `${this.name} has no process ${pid}` });
    signal(pid, "SIGKILL");
    return Promise.resolve();
  }

  async pause(): Promise<void> {
    this.#held = true;
    await stopTree(this.#require().pid);
  }

  async resume(): Promise<void> {
    this.#held = false;
    signalTree(this.#require().pid, "SIGCONT");
  }

  limitCpu(share: number | undefined): Promise<void> {
    this.#throttle?.end();
    this.#throttle = share === undefined ? undefined : new Throttle(share, () => this.#child?.pid ?? 0, () => this.#held);
    return Promise.resolve();
  }

  filterPackets(script: string, variables: Readonly<Record<string, string>>): Promise<string> {
    this.#onFilter();
    return this.#bash(script, { ...variables, MARK: markOf(this.#workDirectory) });
  }

  async died(): Promise<string> {
    const { code, signal: by } = await this.#require().exited;
    return this.#ending ? new Promise<never>(() => undefined) : `${this.name} ended by itself (${by ?? `exit code ${code}`})`;
  }

  async stop(): Promise<void> {
    this.#ending = true;
    if (this.#child) await end(this.#child, { signal: this.#launch.process.stopSignal ?? "SIGTERM", graceMs: 10_000 });
  }

  shell(script: string): Promise<string> {
    return this.shellInside(script, {});
  }

  shellInside(script: string, variables: Readonly<Record<string, string>>): Promise<string> {
    const { folders, unprivileged } = this.#launch.process;
    return this.#bash(script, { ...folders, ...variables }, unprivileged ? unprivilegedUser() : undefined);
  }

  async #bash(script: string, variables: Readonly<Record<string, string>> = {}, user?: { readonly uid: number; readonly gid: number }): Promise<string> {
    if (this.#destroyed) throw runIsOver(this.name);
    let pid = 0;
    try {
      const running = run(BASH[0], BASH.slice(1), {
        cwd: this.#workDirectory, env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C", ...variables, TURNBACK_WORK: this.#workDirectory, [SCRIPT]: script }, maxBuffer: 64 * 1024 ** 2, ...user,
      });
      pid = running.child.pid ?? 0;
      if (pid > 0) this.#scripts.add(pid);
      return (await running).stdout;
    } catch (error) {
      throw scriptFailed(this.name, (error as { stderr?: string }).stderr ?? messageOf(error), error);
    } finally {
      this.#scripts.delete(pid);
    }
  }

  async observe(): Promise<ServiceState> {
    const pid = this.#child?.pid ?? 0;
    const tree = processTree(pid);
    if (tree.length === 0) return { state: "stopped", detail: `process ${pid} and its children are gone` };
    const states = tree.map((id) => inspect(id)?.state ?? "?");
    // Who is throttled is stopped most of the time, and is not paused for that.
    const stopped = (!this.#throttle || this.#held) && states.every((state) => state === "T" || state === "t");
    return { state: stopped ? "paused" : "running", detail: `process ${pid} and ${tree.length - 1} children, states ${[...new Set(states)].join("")}` };
  }

  /** Ends it whatever state it is in; idempotent. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const pid of this.#scripts) await killTree(pid);
    await this.limitCpu(undefined);
    if (!this.#child) return;
    if (this.#child.ended()) return this.#releaseMemory();
    this.#ending = true;
    signalTree(this.#child.pid, "SIGCONT");
    const { stopSignal = "SIGTERM", endSignal = stopSignal } = this.#launch.process;
    await end(this.#child, { signal: endSignal, graceMs: 5_000 });
  }

  /** Of a server that somebody else has killed; its children notice, and end by themselves. */
  async #releaseMemory(): Promise<void> {
    await waitUntil({ what: `end of what ${this.name} has started`, place: this.name, withinMs: 5_000, check: () => (inUse(this.#memory) ? undefined : true) });
    await releaseMemory(this.#memory);
  }

  #require(): Child {
    if (!this.#child) throw new HarnessError({ code: "service-not-started", kind: "run", message: `${this.name} was not started`, place: this.name });
    return this.#child;
  }
}

/** The last non-empty line of a log, for messages; reads the end of the file only. */
export function lastLine(file: string): string | undefined {
  return lastLines(file).at(-1);
}

/** The length of a log, from where on what is said is of another start. */
export const lengthOf = (file: string): number => statSync(file).size;

/**
 * What a service said when it gave up, of what its log says since a length that it had; "shut down", after a server's FATAL,
 * says nothing. Of its clients' errors it may say the same, with their names.
 */
export function lastWords(file: string, since: number): string | undefined {
  const lines = lastLines(file, since);
  return lines.findLast((line) => /\] (?:FATAL|PANIC): /.test(line)) ?? lines.at(-1);
}

function lastLines(file: string, since = 0): readonly string[] {
  if (!existsSync(file)) return [];
  const handle = openSync(file, "r");
  try {
    const size = fstatSync(handle).size;
    const buffer = Buffer.alloc(Math.max(0, Math.min(size - since, 32_768)));
    readSync(handle, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8").split("\n").map((line) => line.trim()).filter(Boolean);
  } catch (error) {
    return [`(its log can't be read: ${messageOf(error)})`];
  } finally {
    closeSync(handle);
  }
}
