// Those who use the system while it is migrated, and those who watch it: the load, the probes, and whether they themselves stand still.

import { messageOf } from "../base/errors.ts";
import { watchStandstills, type Standstill } from "../base/standstill.ts";
import type { UndoStack } from "../base/undo.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import { Load } from "../load/load.ts";
import { startProber, type Probe, type Prober } from "../observe/probe.ts";
import { accessUrl, type Topology } from "../topology/topology.ts";
import type { DrillRun } from "./conductor.ts";
import { SteadyWatch } from "./steady.ts";

export type Told = {
  readonly undo: UndoStack;
  readonly signal: AbortSignal;
  readonly record: (event: RunEvent, t?: number) => void;
  /** One of them died: what it measures from then on nobody knows. */
  readonly abort: (code: string, place: string, message: string) => void;
  readonly takeProbe: (probe: Probe) => void;
};

/** Starts them all; the undo stack ends them. @return as soon as they run, which is before the first operation has ended */
export async function startClients({ drill, clock, evidence, seed, system, others, onStats }: DrillRun, topology: Topology, told: Told): Promise<{ load: Load; prober: Prober; steady: SteadyWatch }> {
  const { undo, signal, record } = told;
  const stoodStill = (of: "load" | "probes" | "harness", { from, to }: Standstill) => {
    if (signal.aborted) return;
    try {
      record({ kind: "standstill", of, from }, to);
    } catch (error) {
      told.abort("standstill-unrecorded", of === "load" ? "k6" : "probes", messageOf(error)); // a timer has nobody to throw at
    }
  };
  const unwatch = watchStandstills(clock.nowNs, (standstill) => stoodStill("harness", standstill));
  undo.push("the watch for standstills", () => Promise.resolve(unwatch()));
  const steady = new SteadyWatch(drill.steadyState, clock.nowNs);
  const load = await Load.start({
    load: drill.load, slowAfterMs: drill.steadyState.maxLatencyMs, scale: drill.system.scale, seed, clock, workDirectory: topology.runtime.workDirectory,
    url: accessUrl(topology.access("app", "clients")), otherUrls: Object.fromEntries([...topology.others].map(([name, view]) => [name, accessUrl(view.access("app", "clients"))])), ledgerDirectory: evidence.path("ledger"), applicationFile: topology.application?.instancesFile,
    onStats: (stats) => {
      if (signal.aborted) return;
      steady.takeStats(stats);
      onStats(stats);
      for (const standstill of stats.stood ?? []) stoodStill("load", standstill);
    },
  });
  undo.push("load", async () => { await load[Symbol.asyncDispose](); });
  void load.died().then((message) => told.abort("load-died", "k6", message));
  const prober = await startProber({
    topology, clock, file: evidence.path("probes/health.ndjson"), timeoutMs: drill.detector.maxLatencyMs,
    query: (database) => ((database === undefined ? undefined : others[database]) ?? system).probe,
    onProbe: (probe) => {
      if (signal.aborted) return;
      steady.takeProbe(probe);
      told.takeProbe(probe);
    },
    onStandstill: (standstill) => stoodStill("probes", standstill),
  });
  undo.push("probes", () => prober.stop());
  void prober.died.then((message) => told.abort("prober-died", "probes", message));
  return { load, prober, steady };
}
