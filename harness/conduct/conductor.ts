// The conductor: the phases of a drill in order. It owns undo, deadlines and the safety stop.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RunClock } from "../base/clock.ts";
import { pause, unlessAborted, waitUntil } from "../base/deadline.ts";
import { asHarnessError, HarnessError, messageOf } from "../base/errors.ts";
import { UndoStack } from "../base/undo.ts";
import { endOf, type Plan } from "../drill/plan.ts";
import type { Drill } from "../drill/schema.ts";
import type { LoadedApplication } from "../drill/application.ts";
import { inDatabase } from "../drill/system.ts";
import { PATHS, readJson, type EvidenceWriter } from "../evidence/run-directory.ts";
import { requireAskable } from "../evidence/across.ts";
import { failureOf } from "../evidence/failure.ts";
import type { Phase, RunEvent } from "../evidence/timeline.ts";
import type { Load, LoadStats } from "../load/load.ts";
import { follow, switchOver } from "../migration/blue-green.ts";
import { isInPlace } from "../migration/journal.ts";
import { runForward, type RunnerContext } from "../migration/runner.ts";
import { endEverywhere, withSessions } from "../migration/sessions.ts";
import { swapVolumes } from "../migration/volume-swap.ts";
import { countersOf, firstTransactions } from "../observe/activity.ts";
import { baselineFacts } from "../observe/baseline.ts";
import { captureFacts } from "../observe/facts.ts";
import type { SchemaObject } from "../observe/fingerprint.ts";
import type { Prober } from "../observe/probe.ts";
import { ownReplication, proveQuiescence } from "../observe/quiescence.ts";
import { replicaFacts } from "../observe/replica.ts";
import { createWayBack } from "../rollback/registry.ts";
import type { WayBack } from "../rollback/way-back.ts";
import type { LoadedSystem } from "../topology/postgres.ts";
import type { Runtime } from "../topology/runtime.ts";
import { startTopology, viewsOf, type Topology } from "../topology/topology.ts";
import { startClients } from "./clients.ts";
import { changedAnything, untouched, type Untouched } from "./changed.ts";
import { checkApplication, restApplication, takeApplicationBack } from "./application.ts";
import { watchDeaths } from "./deaths.ts";
import { Decision } from "./decision.ts";
import { doubtsOf } from "./doubts.ts";
import { firstOperation, refusedInstead } from "./first-operation.ts";
import { Person } from "./person.ts";
import { checkCapabilities } from "./preflight.ts";
import { noteActivity, type Before } from "./in-service.ts";
import { referenceStructure } from "./reference.ts";
import { steadyRemedy, type SteadyWatch } from "./steady.ts";
import { Strikes } from "./strikes.ts";
import { answersInTime, TrafficGate } from "./traffic-gate.ts";

export type DrillRun = {
  readonly drill: Drill;
  readonly system: LoadedSystem;
  /** The other databases' systems by name. */
  readonly others: Readonly<Record<string, LoadedSystem>>;
  readonly application?: LoadedApplication | undefined;
  readonly plan: Plan;
  readonly seed: number;
  readonly clock: RunClock;
  readonly evidence: EvidenceWriter;
  readonly openRuntime: () => Promise<Runtime>;
  /** Adds to the versions in the run's header. */
  readonly recordVersions: (versions: Readonly<Record<string, string>>) => Promise<void>;
  readonly signal: AbortSignal;
  /** Live figures for whoever watches. */
  readonly onStats: (stats: LoadStats) => void;
  readonly say: (what: string) => void;
  /** Looks at the system between the way back and its tidying up: for measuring the harness itself. */
  readonly beforeTidy?: ((topology: Topology) => Promise<void>) | undefined;
};

/**
 * Runs a drill to its end and leaves its evidence. Whatever happens to the drilled system is
 * evidence; only the harness's own failures are returned, and already recorded as the reason
 * why the run was aborted.
 */
export async function conduct(run: DrillRun): Promise<HarnessError | undefined> {
  const { evidence } = run;
  const record = (event: RunEvent) => { evidence.timeline.record(event); };
  let failure: HarnessError | undefined;
  const undo = new UndoStack();
  try {
    record({ kind: "run", state: "started" });
    const phases = new Conduct(run, undo);
    await phases.all().catch((error: unknown) => phases.failBy(error));
  } catch (error) {
    failure = asHarnessError(error);
  }
  await undo.runAll(run.signal.aborted ? HURRY_MS : undefined);
  const [stuck] = undo.failures;
  failure ??= stuck && new HarnessError({
    code: "teardown-failed", kind: "run", place: stuck.what, message: `${stuck.what} could not be undone: ${stuck.message}`, remedy: "run `turnback clean`",
  });
  try {
    if (failure) {
      const { code, message, place, remedy } = failure;
      record({ kind: "harness-error", code, message, ...(place === undefined ? {} : { place }), ...(remedy === undefined ? {} : { remedy }) });
      record({ kind: "run", state: "aborted", reason: message });
    } else record({ kind: "run", state: "completed" });
  } catch (error) {
    failure ??= asHarnessError(error); // the run directory itself fails: the caller says so
  }
  return failure;
}

const DEATH_IS_HEARD_MS = 300;
/** So long has, of a stopped run, what a phase waits for to end in good order; and each undo that taking the servers down makes up for. */
const [LEFT_AFTER_MS, HURRY_MS] = [1_000, 500];

/** One run's state, shared by its phases. */
class Conduct {
  readonly #run: DrillRun;
  readonly #undo: UndoStack;
  /** The safety stop: the user's abort, or a part of the harness that died. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #decision: Decision;
  #before: Before = { counters: new Map(), since: new Map() };
  #untouched: Untouched | undefined;
  #kept: string | undefined; // where the dumps of before are, as they came
  #struck = false;
  #left = false; // a phase was, in its midst: what it still does is no part of the run

  constructor(run: DrillRun, undo: UndoStack) {
    this.#run = run;
    this.#undo = undo;
    this.#signal = AbortSignal.any([run.signal, this.#stop.signal]);
    this.#decision = new Decision(run.drill, (event) => this.#record(event), new Person(run.evidence.directory, (event) => this.#record(event)));
  }

  #systemOf(database: string | undefined): LoadedSystem {
    return (database === undefined ? undefined : this.#run.others[database]) ?? this.#run.system;
  }

  #record(event: RunEvent, t?: number): number {
    if (this.#left) throw this.#signal.reason;
    if (event.kind === "fault" && event.state === "triggered") this.#struck = true;
    try {
      return this.#run.evidence.timeline.record(event, t);
    } catch (error) {
      // Probes, timers and healings record beside the phases: the safety stop ends those, too.
      this.#stop.abort(asHarnessError(error));
      throw error;
    }
  }

  async #phase<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    this.#record({ kind: "phase", phase, state: "started" });
    const result = await unlessAborted(this.#signal, LEFT_AFTER_MS, work()).catch((error: unknown) => {
      this.#left = this.#signal.aborted;
      throw error;
    });
    this.#record({ kind: "phase", phase, state: "ended" });
    return result;
  }

  /** @throws what a part of the harness or a server died by, where that is what a lost connection comes of: who lost it may hear of it first */
  async failBy(error: unknown): Promise<never> {
    if (!(error instanceof HarnessError)) await pause(DEATH_IS_HEARD_MS, this.#stop.signal);
    throw error;
  }

  async all(): Promise<void> {
    const topology = await this.#phase("prepare", () => this.#prepare());
    const record = (event: RunEvent) => this.#record(event);
    const strikes = new Strikes({ faults: this.#run.drill.faults, topology, seed: this.#run.seed, undo: this.#undo, signal: this.#signal, record });
    const gate = new TrafficGate(this.#run.drill.rollback.gate, topology, record, () => answersInTime(topology, this.#run.system.probe, this.#run.drill.detector.maxLatencyMs));
    const wayBack = createWayBack(this.#run.drill.rollback, { topology, plan: this.#run.plan, system: this.#run.system, record, reach: (direction, point) => strikes.reach(direction, point) });
    await this.#phase("baseline", async () => {
      await this.#facts(topology, "before");
      await wayBack.prepare(this.#signal);
    });
    const { load, prober, steady } = await this.#phase("warm-up", async () => {
      const clients = await this.#warmUp(topology);
      await wayBack.approach(this.#signal);
      this.#untouched = await untouched(topology, this.#run.plan, this.#run.drill.migration);
      await gate.closeFor("migration", this.#signal);
      await wayBack.mark(this.#signal);
      return clients;
    });
    await this.#phase("migration", () => this.#migrate(topology, strikes, load));
    const decided = await this.#phase("decision", () => this.#decision.made());
    let back = false;
    if (decided) {
      await gate.closeFor("way-back", this.#signal);
      back = await this.#phase("rollback", () => this.#goBack(wayBack, strikes, topology));
    }
    await gate.open(this.#signal);
    const observedTo = await this.#phase("recovery", async () => {
      if (decided) {
        await this.#run.beforeTidy?.(topology);
        await wayBack.tidy(this.#signal);
      }
      return this.#recover(steady, strikes);
    });
    const versions = topology.application?.versions ?? [];
    await this.#phase("quiesce", () => this.#quiesce(topology, load, prober, observedTo));
    await this.#phase("after", () => this.#facts(topology, "after", back));
    if (this.#run.drill.checks) await this.#phase("checks", () => checkApplication(topology, { ...this.#run, versions, record }));
  }

  async #prepare(): Promise<Topology> {
    const { drill, system, evidence, say } = this.#run;
    const runtime = await this.#run.openRuntime();
    this.#undo.push(`${runtime.kind} runtime`, async () => { await runtime[Symbol.asyncDispose](); }, true);
    this.#undo.push("logs", () => this.#collectLogs(runtime), true);
    checkCapabilities(drill, runtime);
    const topology = await startTopology({ runtime, drill, system, others: this.#run.others, application: this.#run.application, say, onSecret: (secret) => evidence.redactor.add(secret) });
    void topology.disk?.died.then((message) => this.#abort("disk-died", "faultfs", message));
    const unwatch = watchDeaths(topology, { abort: (code, place, message) => this.#abort(code, place, message), struck: () => this.#struck });
    this.#undo.push("the watch for what dies", () => Promise.resolve(unwatch()));
    await this.#run.recordVersions({ ...(await runtime.versions()), postgres: await topology.serverVersion() });
    for (const service of topology.services) this.#record({ kind: "service", service: service.name, state: "ready" });
    if (topology.cluster.replica) this.#record({ kind: "replication", state: "attached", server: "replica", bytes: topology.replicaBytes, detail: `follows postgres, ${topology.cluster.declared?.mode}` });
    return topology;
  }

  /** Of all that was started, also of what never came to serve. */
  async #collectLogs({ workDirectory }: Runtime): Promise<void> {
    const logs = (await readdir(workDirectory)).filter((file) => file.endsWith(".log"));
    for (const log of logs) await this.#run.evidence.copyLog(basename(log, ".log"), join(workDirectory, log));
  }

  /** @param back whether the way back came to its end: where it didn't, the journals say which shape there is */
  async #facts(topology: Topology, when: "before" | "after", back = true): Promise<void> {
    const { drill, plan, evidence } = this.#run;
    const end = endOf(plan, drill.rollback);
    const databases = await Promise.all(viewsOf(topology).map(async ({ database, dataKey, observer, reader }) => ({ database, dataKey, system: this.#systemOf(database), client: await observer("facts"), reader: await reader("facts") })));
    try {
      const [{ client }] = databases as [typeof databases[0] & object];
      const migrated = !back && await isInPlace(plan, databases);
      if (when === "after") await captureFacts(databases, evidence, when, { ...(migrated ? { records: "after", owed: false } : { records: end.records }), more: await replicaFacts(topology.cluster, client, this.#signal), signal: this.#signal, ...(this.#kept !== undefined && { kept: this.#kept }) });
      else {
        this.#kept = await baselineFacts(databases, evidence, this.#signal);
        await requireAskable(evidence.directory, databases.map(({ system }) => system));
      }
      if (when === "before") this.#before = { counters: await countersOf(databases), since: await firstTransactions(databases) };
    } finally {
      await Promise.all(databases.flatMap(({ client, reader }) => [client.end(), reader.end()]));
    }
    if (when === "after" || end.steps.length === 0) return;
    const before = await readJson<SchemaObject[]>(evidence.directory, "before/structure.json");
    await evidence.writeJson(PATHS.reference, await referenceStructure(topology, plan, end.steps, before ?? [], this.#signal));
  }

  async #warmUp(topology: Topology): Promise<{ load: Load; prober: Prober; steady: SteadyWatch }> {
    const { drill } = this.#run;
    const { load, prober, steady } = await startClients(this.#run, topology, {
      undo: this.#undo, signal: this.#signal, record: (event, t) => this.#record(event, t), abort: (code, place, message) => this.#abort(code, place, message),
      takeProbe: (probe) => this.#decision.takeProbe(probe),
    });
    await firstOperation(load, this.#run.evidence, this.#signal);
    this.#record({ kind: "load", state: "started" });
    await pause(drill.load.warmUpMs, this.#signal);
    await waitUntil({
      what: "steady state before the migration", withinMs: drill.load.warmUpMs + 10_000, signal: this.#signal,
      place: "steadyState", remedy: steadyRemedy(drill),
      check: () => (steady.isSteady() && !this.#decision.firing ? true : undefined),
    }).catch((error: unknown) => refusedInstead(error, this.#run.evidence, drill.steadyState.maxErrorRatio));
    this.#record({ kind: "load", state: "steady" });
    await noteActivity(topology, { ...this.#run, before: this.#before, systemOf: (database) => this.#systemOf(database) });
    return { load, prober, steady };
  }

  #abort(code: string, place: string, message: string): void {
    const full = /no space left/i.test(message) && !this.#struck; // of this machine, and no fault's doing
    this.#stop.abort(new HarnessError({ code, kind: full ? "environment" : "run", place, message, remedy: full ? "make room where the run and TMPDIR are" : `read logs/${place}.log in the run directory` }));
  }

  /** Runs the plan forward until it ends by itself, is cut by the alert, or runs out of time. */
  async #migrate(topology: Topology, strikes: Strikes, load: Load): Promise<void> {
    const { drill, plan } = this.#run;
    const decided = this.#decision.watchMigration(this.#signal, (trigger) => doubtsOf(drill, topology, load, trigger === "alert"));
    const signal = AbortSignal.any([this.#signal, decided, AbortSignal.timeout(drill.migration.withinMs)]);
    this.#record({ kind: "migration", state: "started" });
    strikes.begin("forward");
    try {
      const { blueGreen, volumeSwap } = drill.migration;
      let wrote = false;
      const told: Pick<RunnerContext, "record" | "reach" | "signal" | "wrote"> = { signal, wrote: () => { wrote = true; }, record: (event) => this.#record(event), reach: (direction, point) => strikes.reach(direction, point) };
      if (volumeSwap) await swapVolumes({ ...told, topology, ...volumeSwap });
      if (blueGreen) await follow({ ...told, topology, declared: blueGreen });
      await withSessions(topology, "turnback-migration", signal, (on) => runForward({ ...told, plan, on, application: topology.application }));
      if (blueGreen) await switchOver({ ...told, topology, declared: blueGreen });
      const completed = this.#run.clock.nowNs();
      const changed = await changedAnything(topology, this.#untouched, wrote);
      this.#record({ kind: "migration", state: "completed", ...(changed !== undefined && { changed }) }, completed);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof HarnessError && error.kind === "declaration") throw error;
      const cut = decided.aborted ? { cut: "decision" } as const : signal.aborted ? { cut: "time" } as const : {};
      const why: unknown = signal.aborted ? signal.reason : error;
      const ended = await endEverywhere(topology, "turnback-migration");
      this.#record({ kind: "migration", state: "failed", detail: `${messageOf(why)}${ended}`, error: failureOf(why), ...cut });
    }
  }

  async #goBack(wayBack: WayBack, strikes: Strikes, topology: Topology): Promise<boolean> {
    const { drill: { rollback, application }, plan } = this.#run;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(rollback.withinMs)]);
    this.#record({ kind: "rollback", state: "started", strategy: rollback.strategy });
    strikes.begin("backward");
    try {
      await wayBack.goBack(signal);
      await takeApplicationBack(topology.application, { plan, kept: endOf(plan, rollback).steps, reconcile: application?.reconcile ?? false, record: (event) => this.#record(event) });
      this.#record({ kind: "rollback", state: "completed", strategy: rollback.strategy });
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      // That the way back fails is what a drill is there to find out.
      const detail = `${signal.aborted ? `not done within ${rollback.withinMs} ms` : messageOf(error)}${await endEverywhere(topology, "turnback-rollback")}`;
      this.#record({ kind: "rollback", state: "failed", strategy: rollback.strategy, detail, error: { ...failureOf(error), message: detail } });
      return false;
    }
  }

  /** Keeps the load on until steady state is back, or its time is up, and a while longer. @return up to when it was seen */
  async #recover(steady: SteadyWatch, strikes: Strikes): Promise<number | undefined> {
    const { drill } = this.#run;
    await strikes.settle();
    this.#signal.throwIfAborted();
    try {
      return await steady.lasts({ holdMs: drill.load.holdMs, withinMs: drill.recoveryWithinMs, signal: this.#signal });
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof HarnessError) || error.code !== "wait-timed-out") throw error;
      this.#record({ kind: "load", state: "steady", detail: `not again within ${drill.recoveryWithinMs} ms` });
      return undefined;
    }
  }

  async #quiesce(topology: Topology, load: Load, prober: Prober, observedTo: number | undefined): Promise<void> {
    const { drill } = this.#run;
    this.#record({ kind: "load", state: "stopping", ...(observedTo === undefined ? {} : { observedTo }) });
    await load.stop(drill.load.timeoutMs + drill.load.patienceMs + 10_000);
    this.#record({ kind: "load", state: "ended" });
    await restApplication(topology, (event) => this.#record(event), this.#signal);
    await prober.stop();
    await endEverywhere(topology); // nobody else has the migrator's password
    try {
      const seen = await Promise.all(viewsOf(topology).map(({ database, cluster, blueGreen }) => cluster.asking(cluster.primary, async (client) =>
        inDatabase(database, await proveQuiescence(client, { delayed: (cluster.declared?.applyDelayMs ?? 0) > 0, own: ownReplication(cluster, blueGreen), withinMs: 30_000, signal: this.#signal })))));
      this.#record({ kind: "quiescence", state: "proven", detail: seen.join("; ") });
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#record({ kind: "quiescence", state: "unproven", detail: messageOf(error) });
    }
  }
}
