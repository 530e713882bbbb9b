// Drills for tests: small, inline, run through the same room as the command line's.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDrill, SILENT } from "../../harness/conduct/run-drill.ts";
import type { DrillDeclaration } from "../../harness/drill/schema.ts";
import type { TimelineEntry } from "../../harness/evidence/timeline.ts";
import { packRun } from "../../harness/evidence/pack.ts";
import { judge } from "../../harness/judge/judge.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import type { HarnessError } from "../../harness/base/errors.ts";

export type Rehearsed = { readonly card: Scorecard; readonly directory: string; readonly failure: HarnessError | undefined; readonly events: readonly TimelineEntry[] };

/** A folder that is gone after the test's block. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "tb-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Runs a drill file to its scorecard. */
export async function rehearse(file: string, options: { readonly runtime: "process" | "docker"; readonly runs: string; readonly seed?: number; readonly signal?: AbortSignal; readonly onEvent?: (entry: TimelineEntry) => void }): Promise<Rehearsed> {
  const events: TimelineEntry[] = [];
  const result = await runDrill({
    file, runtime: options.runtime, seed: options.seed ?? 1, runsDirectory: options.runs, signal: options.signal ?? new AbortController().signal,
    watcher: { ...SILENT, event: (entry) => { events.push(entry); options.onEvent?.(entry); } },
  });
  await packRun(result.directory, result.system.entities);
  return { card: await judge(result.directory), directory: result.directory, failure: result.failure, events };
}

/** A small shop drill; `over` replaces top-level fields. */
export function smallDrill(over: Partial<DrillDeclaration> = {}): DrillDeclaration {
  return {
    name: "small", question: "Does the small drill hold?",
    system: { path: "fixtures/systems/shop", scale: 0.05 },
    migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
    load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
    steadyState: { windowMs: 500 },
    rollback: { decide: { on: "completion" } },
    objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
    ...over,
  };
}

export async function writeDrill(folder: string, drill: DrillDeclaration): Promise<string> {
  const file = join(folder, `${drill.name}.drill.json`);
  await writeFile(file, JSON.stringify(drill));
  return file;
}
