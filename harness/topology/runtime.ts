// What a runtime must be able to do: the narrow interface behind which Docker and plain processes look alike.

import { constants } from "node:os";
import { HarnessError } from "../base/errors.ts";
import type { FaultyDisk } from "./faulty-disk.ts";

/** Where something listens, as the harness (or a neighbour) reaches it. */
export type Address = { readonly host: string; readonly port: number };

/** What a service needs to run, in either runtime. */
export type Launch = {
  readonly name: string;
  /** Ports by name, as the service binds them inside a container; `fixed` also outside. */
  readonly ports: Readonly<Record<string, { readonly inside: number; readonly fixed?: number }>>;
  readonly process: {
    readonly command: string;
    readonly args: (ports: Readonly<Record<string, number>>) => readonly string[];
    readonly env?: (ports: Readonly<Record<string, number>>) => Readonly<Record<string, string>>;
    readonly cwd?: string;
    /** Run as the unprivileged user that PostgreSQL insists on, when we are root. */
    readonly unprivileged?: boolean;
    readonly stopSignal?: NodeJS.Signals;
    /** Ends it for good, when nobody needs its data any more; else what stops it. */
    readonly endSignal?: NodeJS.Signals;
    /** Folders by the names under which the service and `shell` know them. */
    readonly folders?: Readonly<Record<string, string>>;
  };
  readonly docker: {
    readonly image: string;
    readonly command: readonly string[];
    /** A volume by its name, which services may share, or a folder of this machine, and the folder that it takes over. */
    readonly volume?: { readonly name: string; readonly at: string } | { readonly folder: string; readonly at: string };
    readonly workingDirectory?: string;
    /** Files by their paths inside, with what is in them; there before the container starts. */
    readonly files?: Readonly<Record<string, string>>;
    readonly memoryBytes?: number;
    readonly stopSignal?: NodeJS.Signals;
    readonly env?: Readonly<Record<string, string>>;
    readonly folders?: Readonly<Record<string, string>>;
  };
  /** Runs before each start but the first. */
  readonly beforeStart?: (service: Service) => Promise<void>;
  /** Rejects, or resolves to false, while the service can't serve yet. */
  readonly ready: (service: Service) => Promise<boolean>;
  readonly readyWithinMs: number;
};

/** Where a script is given to {@link BASH}. */
export const SCRIPT = "TURNBACK_SCRIPT";
/** Runs a script out of its environment, which its own user alone can read: arguments, which everybody can, would show a secret in it. */
export const BASH = ["bash", "--norc", "-euo", "pipefail", "-c", `script=$${SCRIPT}; unset ${SCRIPT}; eval "$script"`] as const;

export type ServiceState = { readonly state: "running" | "paused" | "stopped"; readonly detail: string };

/** A started service. It keeps its addresses over stop, kill and start. */
export interface Service {
  readonly name: string;
  /** The service's log, growing, on this machine. */
  readonly logFile: string;
  /** As the harness and the load reach it. */
  address(port: string): Address;
  /** As its neighbours inside the topology reach it. */
  innerAddress(port: string): Address;
  /** The address that the service itself must listen on for that port. */
  bindAddress(port: string): Address;
  /** SIGKILL to every process of the service, at once. */
  kill(): Promise<void>;
  /** SIGKILL to one of its processes, by the id that the service itself knows. */
  killOne(pid: number): Promise<void>;
  /** Freezes every process; connections stay open. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Leaves it a share of one processor; undefined gives it all again. */
  limitCpu(share: number | undefined): Promise<void>;
  /**
   * Runs a bash script, with these variables, that may change the packet filter (`iptables`) of the service's network, which for a
   * process is the machine's own: its rules must name our ports, and carry $MARK as their comment. Gives the standard output.
   * @throws HarnessError `script-failed`
   */
  filterPackets(script: string, variables: Readonly<Record<string, string>>): Promise<string>;
  /** How it ended by itself, once it has: killed and stopped through here it never does. Of the start of the moment. */
  died(): Promise<string>;
  /** An orderly stop. */
  stop(): Promise<void>;
  /** Starts it again and waits until it is ready. */
  start(): Promise<void>;
  /**
   * Runs a bash script beside the service, as its user, whether it is running or not: its files are in
   * the launch's folders, as $NAME. Gives the standard output. @throws HarnessError `script-failed`
   */
  shell(script: string): Promise<string>;
  /** The same, with these variables, in the midst of the running service: where its sockets are. */
  shellInside(script: string, variables: Readonly<Record<string, string>>): Promise<string>;
  /** What the operating system or the engine says of it now; the proof of a fault. */
  observe(): Promise<ServiceState>;
}

export type RuntimeKind = "docker" | "process";

/** What a fault or a check may ask of a runtime; preflight refuses a drill that asks for more. */
export type Capability = "kill" | "pause" | "restart" | "network-faults" | "reply-lost" | "files" | "faulty-disk" | "database" | "cpu" | "packets" | "names" | "clock";

export interface Runtime extends AsyncDisposable {
  readonly kind: RuntimeKind;
  readonly why: string;
  readonly capabilities: ReadonlySet<Capability>;
  /** Scratch space of this run, removed at its end. */
  readonly workDirectory: string;
  versions(): Promise<Record<string, string>>;
  start(launch: Launch): Promise<Service>;
  /** A disk for the servers that can fail; it goes with the run. @throws HarnessError `no-fuse` */
  openDisk(): Promise<FaultyDisk>;
}

/** A script beside a service that failed; says what it said last. */
export function scriptFailed(service: string, errors: string, cause?: unknown): HarnessError {
  const said = errors.trim().split("\n").slice(-3).join("; ") || "it said nothing";
  return new HarnessError({ code: "script-failed", kind: "run", place: service, message: `a script beside ${service} failed: ${said}`, cause });
}

/** A service that ended while it was starting. */
export class ServiceExited extends HarnessError {
  /** Ended by a signal, and not by itself. */
  readonly signalled: boolean;

  /** @param status as a shell tells it: 128 and the signal's number where one ended it */
  constructor(service: string, status: number, lastLog: string | undefined) {
    const how = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0] ?? `exit code ${status}`;
    super({
      code: "service-exited", kind: "run", place: service,
      message: `${service} ended while it was starting (${how}); last log: ${lastLog ?? "empty"}`,
      remedy: `read its log: logs/${service}.log in the run directory`,
    });
    this.signalled = status > 128;
  }
}
