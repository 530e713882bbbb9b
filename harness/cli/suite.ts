// `turnback suite`: many drills, some of them side by side, one page, one exit code.

import { basename, dirname, join, relative } from "node:path";
import { monotonicMs, wallClock } from "../base/clock.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { readForRun } from "../conduct/run-drill.ts";
import { readDrill, type DrillFile } from "../drill/parse.ts";
import type { Drill } from "../drill/schema.ts";
import { readSuite } from "../drill/suite.ts";
import { newRunName, PATHS } from "../evidence/run-directory.ts";
import { isSpoiled, surprises } from "../judge/expectation.ts";
import { chooseRuntime } from "../topology/open-runtime.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { rehearsalLine, renderSuiteHtml, renderSuiteJunit, renderSuiteTerminal, suiteJson, verdictOf, type Rehearsal, type SuiteResult } from "../../reports/suite.ts";
import { coloursFor } from "../../reports/terminal.ts";
import { stoodStill } from "../../reports/words.ts";
import { writeReport } from "./places.ts";
import { EXIT, print, printJson, type Json } from "./print.ts";
import { Rehearsers } from "./rehearsers.ts";
import { stopOnSignals } from "./stop.ts";

type SuiteFlags = Json & { readonly runtime: RuntimeKind | "auto"; readonly workers: number; readonly seed: number; readonly runs: string; readonly junit?: string };

/** A drill bounds its own phases; who is not through by then hangs. */
const HANGS_MS = 3_600_000;

export async function suite(name: string, flags: SuiteFlags): Promise<void> {
  const { files, ...declared } = await readSuite(name);
  // All are read before the first one runs: a mistake in the last must not come to light after an hour.
  const drills = await Promise.all(files.map(async (file) => ({ ...file, drill: await declaredOf(file) })));
  const { kind: runtime } = await chooseRuntime(flags.runtime);
  await using stop = stopOnSignals();
  const [startedAt, began] = [wallClock(), monotonicMs()];
  const out = flags.json ? process.stderr : process.stdout;
  const colours = coloursFor(out);
  const rehearsals: Rehearsal[] = [];
  await using rehearsers = new Rehearsers({ withinMs: HANGS_MS });
  const waiting = drills.entries();
  let told = 0;
  const work = async () => {
    for (const [at, { file, drill }] of waiting) {
      const rehearsal = stop.signal.aborted
        ? { ...aboutOf(drill, file), verdict: "unknown" as const, surprises: ["it was not rehearsed: the suite was interrupted"], tookMs: 0 }
        : await rehearsalOf(drill, file, { ...flags, runtime, rehearsers, signal: stop.signal });
      rehearsals[at] = rehearsal;
      out.write(`${`${++told}/${drills.length}`.padStart(7)} ${rehearsalLine(rehearsal, colours)}\n`);
    }
  };
  await Promise.all(Array.from({ length: flags.workers }, work));
  const result: SuiteResult = { suite: declared.name, description: declared.description, runtime, seed: flags.seed, startedAt, tookMs: Math.round(monotonicMs() - began), rehearsals };
  const page = join(flags.runs, `${newRunName(`suite-${declared.name}`)}.html`);
  if (flags.json) printJson(suiteJson(result));
  else print(`${renderSuiteTerminal(result, colours)}\nsummary: ${relative(process.cwd(), page)}\n`);
  await writeReport(page, renderSuiteHtml(result), "the runs are kept, each with its page; make room, or choose another --runs");
  if (flags.junit) await writeReport(flags.junit, renderSuiteJunit(result), `the summary is kept: ${page}`);
  process.exitCode = EXIT[verdictOf(result)];
}

/** What can't be begun at all, for want of a browser, is that drill's affair and no reason to begin none. */
async function declaredOf({ file }: DrillFile): Promise<Drill> {
  try {
    return (await readForRun({ file })).drill;
  } catch (error) {
    if (!(error instanceof HarnessError) || error.kind !== "environment") throw error;
    return readDrill(file);
  }
}

const aboutOf = (drill: Drill, file: string) => ({ drill: drill.name, folder: basename(dirname(file)), question: drill.question, expected: drill.expect?.verdict ?? "met" });

type Options = Pick<SuiteFlags, "seed" | "runs"> & { readonly runtime: RuntimeKind; readonly rehearsers: Rehearsers; readonly signal: AbortSignal };

async function rehearsalOf(drill: Drill, file: string, options: Options): Promise<Rehearsal> {
  const began = monotonicMs();
  const outcome = await twiceIfSpoiled(drill.expect, (alone) => rehearsed(drill, file, options, alone), options.signal);
  return { ...aboutOf(drill, file), ...outcome, tookMs: monotonicMs() - began };
}

/** What nobody knows because the machine stood still is tried once more, and alone: what ran beside may have been too much for it. */
export async function twiceIfSpoiled<T extends Pick<Rehearsal, "surprises" | "card">>(expect: Drill["expect"], attempt: (alone: boolean) => Promise<T>, signal?: AbortSignal): Promise<T & Pick<Rehearsal, "again">> {
  const first = await attempt(false);
  const again = first.surprises.length > 0 && first.card && isSpoiled(expect, first.card) && !signal?.aborted ? stoodStill(first.card) : undefined;
  return again === undefined ? first : { ...await attempt(true), again };
}

async function rehearsed(drill: Drill, file: string, { runtime, seed, runs, rehearsers, signal }: Options, alone: boolean): Promise<Pick<Rehearsal, "verdict" | "surprises" | "card" | "page">> {
  try {
    const { card, directory, failure } = await rehearsers.rehearse({ file, drill, runtime, seed, runsDirectory: runs }, signal, { alone });
    const wrong = failure ? [`it could not be rehearsed: ${failure.message}`] : surprises(drill.expect, card);
    return { verdict: card.verdict, surprises: wrong, card, page: relative(runs, join(directory, PATHS.page)) };
  } catch (error) {
    return { verdict: "unknown", surprises: [`it could not be rehearsed: ${messageOf(error)}`] }; // and the others are
  }
}
