// `turnback sweep`: one drill, broken at every moment of its migration and of each way back, one page.

import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { monotonicMs, wallClock } from "../base/clock.ts";
import { HarnessError } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { checkCapabilities } from "../conduct/preflight.ts";
import { readForRun } from "../conduct/run-drill.ts";
import { declarationError, findDrill } from "../drill/parse.ts";
import { newRunName, PATHS } from "../evidence/run-directory.ts";
import { isWorthRepeating } from "../judge/expectation.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import type { Drill } from "../drill/schema.ts";
import { appendFound, appendOutcome, EVIDENCE, findSweep, forgetInterrupted, keyOf, openSweep, readFound, readOutcomes, type Found } from "../sweep/log.ts";
import { drillAt, parseFaults, pointsOf, scheduleInWords, type Point } from "../sweep/points.ts";
import { combined, parseBudget, repeatsOf, sweep as sweepPoints, type Outcome, type Tried } from "../sweep/sweep.ts";
import { chooseRuntime, openRuntime, type RuntimeChoice } from "../topology/open-runtime.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { failures, pointLine, renderSweepHtml, renderSweepJunit, renderSweepMarkdown, renderSweepTerminal, sweepJson, verdictOf, type SweepResult } from "../../reports/sweep.ts";
import { coloursFor } from "../../reports/terminal.ts";
import { writeFound } from "./found.ts";
import { writeReport } from "./places.ts";
import { EXIT, print, printJson, type Json } from "./print.ts";
import { Rehearsers } from "./rehearsers.ts";
import { stopOnSignals } from "./stop.ts";
import { parseWays } from "./ways.ts";

type SweepFlags = Json & {
  readonly shrink?: boolean; readonly faults: string; readonly ways?: string; readonly points: "singles" | "pairs"; readonly budget: string;
  readonly runtime: RuntimeKind | "auto"; readonly workers: number; readonly seed: number; readonly repeat: number; readonly runs: string; readonly junit?: string; readonly markdown?: string;
};

/** So many ways of failing are made smaller. */
const SHRUNK_AT_MOST = 5;

export async function sweep(name: string, flags: SweepFlags): Promise<void> {
  const budget = parseBudget(flags.budget);
  if (!budget) throw declarationError("--budget", `--budget: "${flags.budget}" is neither a time nor a number of tries`, "for example 10m, 90s, or 200");
  const file = await findDrill(name);
  const { drill, plan } = await readForRun({ file });
  const faults = parseFaults(flags.faults, drill);
  const ways = flags.ways === undefined ? [drill.rollback.strategy] : parseWays(flags.ways, { least: 1, fewer: "no way back is named" });
  const points = pointsOf(drill, plan, { faults, ways, pairs: flags.points === "pairs" });
  const choice = await chooseRuntime(flags.runtime);
  await expectPossible(file, points, choice);
  const runtime = choice.kind;
  const key = keyOf({ drill, plan, faults, ways, points: flags.points, runtime, seed: flags.seed });
  const earlier = await findSweep(flags.runs, key);
  const before = earlier === undefined ? [] : await readOutcomes(earlier.directory);
  const unshrunk = earlier !== undefined && flags.shrink === true && toShrink(points, combined(before), await readFound(earlier.directory)).length > 0;
  const goesOn = before.length > 0 && (before.length < points.length + repeatsOf(points.length, flags.repeat) || unshrunk);
  const { directory, startedAt } = goesOn && earlier ? earlier : { directory: join(flags.runs, newRunName(`sweep-${drill.name}`)), startedAt: wallClock() };
  if (goesOn) await forgetInterrupted(directory, before);
  else await openSweep(directory, { schema: "turnback.sweep/1", drill: drill.name, key, startedAt });

  await using stop = stopOnSignals();
  await using rehearsers = new Rehearsers();
  const at: At = { file, directory, runtime, seed: flags.seed, rehearsers, signal: stop.signal };
  const out = flags.json ? process.stderr : process.stdout;
  const colours = coloursFor(out);
  out.write(`${drill.name}: ${points.length} points (${runtime} runtime, seed ${flags.seed})${goesOn ? `, going on after ${combined(before).length}` : ""}\n`);
  const tries = await sweepPoints({
    points, before: goesOn ? before : [], seed: flags.seed, repeatPercent: flags.repeat, budget, workers: flags.workers, signal: stop.signal,
    attempt: (point, over) => attempt(drill, point, at, over),
    write: async (outcome, point, how) => {
      await appendOutcome(directory, outcome);
      out.write(`${pointLine(outcome, point, { ...how, of: points.length }, colours)}\n`);
    },
  });
  const outcomes = combined(tries);
  const found = [...(await readFound(directory))];
  const result: SweepResult = { found, drill: drill.name, question: drill.question, plan: plan.name, runtime, seed: flags.seed, startedAt, points, outcomes };
  const page = join(directory, "sweep.html");
  const publish = async () => {
    await writeAtomically(page, renderSweepHtml(result));
    await writeAtomically(join(directory, "sweep.md"), renderSweepMarkdown(result));
  };
  await publish();
  for (const { point, outcome } of flags.shrink ? toShrink(points, outcomes, found) : []) {
    if (stop.signal.aborted) break;
    out.write(`${" ".repeat(9)} making smaller: ${point.way}: ${scheduleInWords(point)}\n`);
    const smaller = await writeFound({
      declared: drill, plan, point, outcome, directory, say: (what) => out.write(`${" ".repeat(27)}${what}\n`),
      rehearse: (candidate) => cardOf(candidate, at),
    }).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
      return undefined; // the same command begins with this one
    });
    if (!smaller) break;
    found.push(smaller);
    await appendFound(directory, smaller);
    await publish();
  }
  if (flags.json) printJson(sweepJson(result));
  else print(`${renderSweepTerminal(result, colours)}\nsweep: ${relative(process.cwd(), page)}\n`);
  if (flags.markdown) await writeReport(flags.markdown, renderSweepMarkdown(result), `the sweep is kept: ${page}`);
  if (flags.junit) await writeReport(flags.junit, renderSweepJunit(result), `the sweep is kept: ${page}`);
  process.exitCode = EXIT[verdictOf(result)];
}

/** Looks at one point of each way back and of each fault: or one would be refused when others have run. @throws HarnessError as a run would */
async function expectPossible(file: string, points: readonly Point[], choice: RuntimeChoice): Promise<void> {
  await using runtime = await openRuntime(choice, newRunName("sweep"));
  const firsts = [({ way }: Point) => way, ({ fault }: Point) => fault.name].flatMap((of) => [...Map.groupBy(points, of).values()].flatMap((some) => some.slice(0, 1)));
  for (const first of new Set(firsts)) {
    const { drill } = await readForRun({ file, variant: (declared) => drillAt(declared, first) });
    checkCapabilities(drill, runtime);
  }
}

/** The first point of each way of failing that was not made smaller yet. */
function toShrink(points: readonly Point[], outcomes: readonly Tried[], found: readonly Found[]): readonly { readonly point: Point; readonly outcome: Outcome }[] {
  return failures({ points, outcomes }).slice(0, SHRUNK_AT_MOST).flatMap(({ points: failing, outcomes: [outcome] }) => {
    const [point] = failing;
    const known = found.some((one) => failing.some(({ id }) => id === one.point));
    return point && outcome?.verdict === "missed" && !known ? [{ point, outcome }] : [];
  });
}

/** A smaller drill's scorecard; its evidence is not kept. @throws HarnessError when it can't be rehearsed */
async function cardOf(drill: Drill, at: At): Promise<Scorecard> {
  const { card, directory } = await rehearseAt(drill, at);
  at.signal.throwIfAborted();
  await rm(directory, { recursive: true });
  return card;
}

/** Where and how points are rehearsed. */
type At = { readonly file: string; readonly directory: string; readonly runtime: RuntimeKind; readonly seed: number; readonly rehearsers: Rehearsers; readonly signal: AbortSignal };

const rehearseAt = (drill: Drill, { file, directory, runtime, seed, rehearsers, signal }: At, how?: Parameters<Rehearsers["rehearse"]>[2]) =>
  rehearsers.rehearse({ file, drill, runtime, seed, runsDirectory: join(directory, EVIDENCE) }, signal, { ...how, metUnkept: true });

/** Rehearses one point. Evidence of what was met is not kept: a thousand points would fill any disk. */
async function attempt(declared: Drill, point: Point, at: At, over: () => void): Promise<Outcome> {
  const began = monotonicMs();
  const took = () => Math.round(monotonicMs() - began);
  try {
    const drill = drillAt(declared, point);
    let rehearsed = await rehearseAt(drill, at, { over });
    if (isWorthRepeating(rehearsed.card)) { // for once it is the machine that nobody knows of
      await rm(rehearsed.directory, { recursive: true });
      rehearsed = await rehearseAt(drill, at, { alone: true });
    }
    const { card, directory, failure } = rehearsed;
    const from = (path: string) => relative(at.directory, path);
    if (failure !== undefined) return { ...outcomeOf(point, card), verdict: "unknown", answer: failure.message, run: from(directory), tookMs: took() };
    if (card.verdict === "met") await rm(directory, { recursive: true });
    return { ...outcomeOf(point, card), run: card.verdict === "met" ? null : from(join(directory, PATHS.page)), tookMs: took() };
  } catch (error) {
    if (!(error instanceof HarnessError) || error.kind !== "run") throw error;
    return { id: point.id, verdict: "unknown", recoveryMs: null, lostWrites: null, missed: [], findings: [], answer: error.message, run: null, tookMs: took() };
  }
}

function outcomeOf({ id }: Point, { verdict, measures, objectives, findings, summary }: Scorecard): Omit<Outcome, "run" | "tookMs"> {
  return {
    id, verdict, recoveryMs: measures.recoveryMs.value, lostWrites: measures.lostWrites?.definite ?? null,
    missed: objectives.filter((objective) => objective.verdict === "missed").map((objective) => objective.name),
    findings: [...new Set(findings.map(({ kind }) => kind))].toSorted(), answer: summary,
  };
}
