// What every fault is: it strikes, proves that it holds, heals, and proves that it is gone.

import { HarnessError } from "../base/errors.ts";
import type { Application } from "../topology/application.ts";
import type { Topology } from "../topology/topology.ts";
import type { Capability, Service } from "../topology/runtime.ts";

/**
 * The contract for adding a fault. One file, one fault.
 * - `inject` makes it happen and may wait until it has.
 * - `prove` returns an observation that it holds, from a source other than `inject`'s own
 *   success, or undefined: then the run is `unknown`.
 * - `heal` takes it away; it is registered before `inject` runs, so it must also work when
 *   `inject` failed half-way, and when it is called twice.
 * - `proveHealed` returns an observation that it is gone, or undefined.
 */
export interface ActiveFault {
  inject(): Promise<void>;
  prove(): Promise<string | undefined>;
  heal(): Promise<void>;
  /** Comes before `heal`, and waits for nobody's turn: takes away what could hold up those who start servers. */
  lift?(): Promise<void>;
  proveHealed(): Promise<string | undefined>;
  /** Healing concerns a path alone: it stops and starts no server, and waits for nobody who does, who may be waiting for the path. */
  readonly onPath?: true;
}

export type FaultContext = {
  readonly topology: Topology;
  /** Distinguishes several faults of one kind in one run. */
  readonly id: string;
  /** Whatever a fault leaves to chance comes from this. */
  readonly seed: number;
};

/** The server that a fault hits: it stays the same one when the roles change. */
export function serverOf({ cluster }: Topology, on: "postgres" | "replica"): Service {
  const server = on === "postgres" ? cluster.primary : cluster.replica;
  if (!server) throw new HarnessError({ code: "no-replica", kind: "declaration", place: "faults", message: "the fault hits a replica, and the system has none", remedy: "declare system.postgres.replica" });
  return server;
}

/** The application that a fault hits. */
export function applicationOf({ application }: Topology): Application {
  if (!application) throw new HarnessError({ code: "no-application", kind: "declaration", place: "faults", message: "the fault hits an application, and the system has none", remedy: "declare `application`" });
  return application;
}

/** How to make a fault, and what it asks of the runtime. */
export type FaultKindOf<F> = {
  readonly needs: Capability;
  readonly create: (fault: F, context: FaultContext) => ActiveFault;
};
