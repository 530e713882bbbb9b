// From a drill's file to a finished run directory: reads, checks, starts the clock, conducts.

import { resolve } from "node:path";
import { createRequire } from "node:module";
import { startClock } from "../base/clock.ts";
import type { HarnessError } from "../base/errors.ts";
import { readDrill, readSystem } from "../drill/parse.ts";
import { goingBackBy, type Drill, type Rollback } from "../drill/schema.ts";
import type { System } from "../drill/system.ts";
import { EvidenceWriter, newRunName, PATHS, type RunHeader } from "../evidence/run-directory.ts";
import type { TimelineEntry } from "../evidence/timeline.ts";
import type { LoadStats } from "../load/load.ts";
import { readPlan } from "../migration/plan-file.ts";
import { chooseRuntime, openRuntime, type RuntimeChoice } from "../topology/open-runtime.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { conduct, type DrillRun } from "./conductor.ts";
import { preflight } from "./preflight.ts";

/** What a run tells whoever watches it. */
export type RunWatcher = {
  readonly started: (run: { readonly name: string; readonly directory: string; readonly drill: Drill; readonly runtime: RuntimeChoice; readonly seed: number }) => void;
  readonly event: (entry: TimelineEntry) => void;
  readonly stats: (stats: LoadStats) => void;
  readonly say: (what: string) => void;
};

export type RunOptions = {
  readonly file: string;
  /** Another way back than the drill declares. */
  readonly strategy?: Rollback["strategy"];
  readonly runtime: RuntimeKind | "auto";
  readonly seed: number;
  readonly runsDirectory: string;
  readonly signal: AbortSignal;
  readonly watcher: RunWatcher;
  readonly beforeTidy?: DrillRun["beforeTidy"];
};

export type RunResult = {
  readonly directory: string;
  readonly chainHead: string;
  readonly drill: Drill;
  readonly system: System;
  /** The harness's own failure, already recorded in the run. */
  readonly failure: HarnessError | undefined;
};

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

/** Runs a drill and leaves its evidence. @throws HarnessError when it can't even be begun. */
export async function runDrill(options: RunOptions): Promise<RunResult> {
  const declared = await readDrill(options.file);
  const drill = options.strategy === undefined ? declared : goingBackBy(declared, options.strategy);
  const plan = await readPlan(drill.migration.plan);
  const system = { ...(await readSystem(drill.system.path)), tablespaces: plan.tablespaces };
  await preflight(drill, plan);
  const choice = await chooseRuntime(options.runtime);

  const name = newRunName(drill.name);
  const directory = resolve(options.runsDirectory, name);
  const clock = startClock();
  const evidence = new EvidenceWriter(directory, clock);
  options.watcher.started({ name, directory, drill, runtime: choice, seed: options.seed });
  evidence.timeline.onEvent(options.watcher.event);

  const { directory: _place, tablespaces: _ofThePlan, ...systemAsRun } = system;
  let versions: RunHeader["versions"] = { turnback: version, node: process.version };
  const recordVersions = async (more: RunHeader["versions"]) => {
    versions = { ...versions, ...more };
    const header: RunHeader<Drill> = {
      schema: "turnback.run/1", run: name, startedAt: clock.startedAt, runtime: choice, seed: options.seed,
      versions, drill, system: systemAsRun, plan,
    };
    await evidence.writeJson(PATHS.drill, header);
  };
  await recordVersions({});
  const failure = await conduct({
    drill, system, plan, seed: options.seed, clock, evidence, signal: options.signal,
    onStats: options.watcher.stats, say: options.watcher.say, beforeTidy: options.beforeTidy,
    openRuntime: () => openRuntime(choice, name),
    recordVersions,
  });
  return { directory, chainHead: evidence.timeline.head, drill, system, failure };
}
