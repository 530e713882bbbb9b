// From a drill's file to a finished run directory: reads, checks, starts the clock, conducts.

import { resolve } from "node:path";
import { createRequire } from "node:module";
import { startClock } from "../base/clock.ts";
import { messageOf, type HarnessError } from "../base/errors.ts";
import { declarationError, readApplication, readDrill, readSystem } from "../drill/parse.ts";
import { partOf, type Plan } from "../drill/plan.ts";
import type { Drill } from "../drill/schema.ts";
import { inDatabase, type System } from "../drill/system.ts";
import { EvidenceWriter, newRunName, PATHS, type RunHeader } from "../evidence/run-directory.ts";
import type { TimelineEntry } from "../evidence/timeline.ts";
import type { LoadStats } from "../load/load.ts";
import { readPlan } from "../migration/plan-file.ts";
import { chooseRuntime, openRuntime, type RuntimeChoice } from "../topology/open-runtime.ts";
import type { LoadedSystem } from "../topology/postgres.ts";
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

/** Nobody watches. */
export const SILENT: RunWatcher = { started: () => undefined, event: () => undefined, stats: () => undefined, say: () => undefined };

export type RunOptions = {
  readonly file: string;
  /** Makes another drill of the declared one: by another way back, or struck at another moment. */
  readonly variant?: (declared: Drill) => Drill;
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

/** The system as the judge sees it: with the records and rules of all of its databases. */
function wholeOf({ directory: _place, tablespaces: _ofThePlan, ...system }: LoadedSystem, others: Readonly<Record<string, System>>): System {
  const all = Object.values(others);
  const entities = [system, ...all].flatMap((part) => part.entities);
  const twice = entities.find(({ name }, i) => entities.findIndex((other) => other.name === name) !== i);
  if (twice) throw declarationError("system.others", `system.others: two databases have an entity named "${twice.name}"`, "rename one of them: its records are judged by that name");
  const unread = [...system.unread, ...Object.entries(others).flatMap(([database, part]) => part.unread.map((excuse) => ({ ...excuse, table: inDatabase(database, excuse.table) })))];
  return { ...system, entities, unread, across: [system, ...all].flatMap((part) => part.across) };
}

function chosenSteps(plan: Plan, { migration: { steps } }: Drill): Plan {
  try {
    return partOf(plan, steps);
  } catch (error) {
    throw declarationError("migration.steps", `migration.steps: ${messageOf(error)}`, "name each step of the plan that is to run, and what it needs");
  }
}

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

/** Reads a drill and all that it names, and checks them against each other. @throws HarnessError for what can be known to be wrong */
export async function readForRun({ file, variant = (declared) => declared }: Pick<RunOptions, "file" | "variant">) {
  const drill = variant(await readDrill(file));
  const plan = chosenSteps(await readPlan(drill.migration.plan), drill);
  const system = { ...(await readSystem(drill.system.path)), tablespaces: plan.tablespaces };
  const others = Object.fromEntries(await Promise.all(Object.entries(drill.system.others).map(async ([database, { path }]) => [database, await readSystem(path)] as const)));
  const whole = wholeOf(system, others);
  const application = drill.application && await readApplication(drill.application.path);
  await preflight(drill, plan, application);
  return { drill, plan, system, others, application, whole };
}

/** Runs a drill and leaves its evidence. @throws HarnessError when it can't even be begun. */
export async function runDrill(options: RunOptions): Promise<RunResult> {
  const { drill, plan, system, others, application, whole } = await readForRun(options);
  const choice = await chooseRuntime(options.runtime);

  const name = newRunName(drill.name);
  const directory = resolve(options.runsDirectory, name);
  const clock = startClock();
  const evidence = new EvidenceWriter(directory, clock);
  options.watcher.started({ name, directory, drill, runtime: choice, seed: options.seed });
  evidence.timeline.onEvent(options.watcher.event);

  let versions: RunHeader["versions"] = { turnback: version, node: process.version };
  const recordVersions = async (more: RunHeader["versions"]) => {
    versions = { ...versions, ...more };
    const header: RunHeader<Drill> = {
      schema: "turnback.run/1", run: name, startedAt: clock.startedAt, runtime: choice, seed: options.seed,
      versions, drill, system: whole, plan,
    };
    await evidence.writeJson(PATHS.drill, header);
  };
  await recordVersions({});
  const failure = await conduct({
    drill, system, others, application, plan, seed: options.seed, clock, evidence, signal: options.signal,
    onStats: options.watcher.stats, say: options.watcher.say, beforeTidy: options.beforeTidy,
    openRuntime: () => openRuntime(choice, name),
    recordVersions,
  });
  return { directory, chainHead: evidence.timeline.head, drill, system: whole, failure };
}
