// What every way back is: it may prepare itself before the migration, and then it goes back.

import type { System } from "../drill/system.ts";
import type { Plan } from "../drill/plan.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import type { RunnerContext } from "../migration/runner.ts";
import type { Topology } from "../topology/topology.ts";

export type WayBackContext = {
  readonly topology: Topology;
  readonly plan: Plan;
  readonly system: Pick<System, "invariants" | "probe">;
  readonly record: (event: RunEvent) => void;
  /** Tells the faults how far the way back is. */
  readonly reach: RunnerContext["reach"];
};

/**
 * The contract for adding a way back. One file, one way. That going back fails is evidence:
 * `goBack` throws what it met, and leaves the system running if it can.
 */
export interface WayBack {
  /** Before any client comes. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Under load, before the migration: what takes its time. */
  approach(signal: AbortSignal): Promise<void>;
  /** Immediately before the migration: the moment to which one wants to return. */
  mark(signal: AbortSignal): Promise<void>;
  goBack(signal: AbortSignal): Promise<void>;
  /** With clients served again: what is not needed for that. It records what it can't do. */
  tidy(signal: AbortSignal): Promise<void>;
}
