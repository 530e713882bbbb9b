// `turnback run`: rehearses a drill, judges it, seals it, and says how it went.

import { writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { HarnessError, messageOf } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { runDrill } from "../conduct/run-drill.ts";
import { findDrill } from "../drill/parse.ts";
import { evidenceError } from "../evidence/evidence-error.ts";
import { packRun } from "../evidence/pack.ts";
import { PATHS } from "../evidence/run-directory.ts";
import { sealRun } from "../evidence/seal.ts";
import { readKey } from "../evidence/signature.ts";
import { judge } from "../judge/judge.ts";
import { findLeftovers } from "../topology/leftovers.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderJunit } from "../../reports/junit.ts";
import { liveView } from "../../reports/live.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { coloursFor, renderTerminal } from "../../reports/terminal.ts";
import { EXIT, print, scorecardText, type Json } from "./print.ts";

type RunFlags = Json & { readonly runtime: RuntimeKind | "auto"; readonly seed: number; readonly runs: string; readonly sign?: string; readonly junit?: string; readonly markdown?: string };

export async function run(name: string, flags: RunFlags): Promise<void> {
  const file = await findDrill(name);
  const key = flags.sign === undefined ? undefined : await readKey(flags.sign, "private");
  for (const left of await findLeftovers()) {
    process.stderr.write(`turnback: run ${left.run} left ${left.what.join(", ")}; \`turnback clean\` removes it\n`);
  }
  await using stop = stopOnSignals();
  const result = await runDrill({
    file, runtime: flags.runtime, seed: flags.seed, runsDirectory: flags.runs, signal: stop.signal,
    watcher: liveView(flags.json ? process.stderr : process.stdout),
  });
  if (result.failure && ["evidence-disk-full", "evidence-unwritable"].includes(result.failure.code)) throw result.failure;
  try {
    await packRun(result.directory, result.system.entities);
  } catch (error) {
    process.stderr.write(`turnback: the run stays as it was written, line by line: ${messageOf(error)}\n`);
  }
  const card = await judge(result.directory);
  const page = renderHtml(card);
  try {
    await writeAtomically(`${result.directory}/${PATHS.scorecard}`, scorecardText(card));
    await writeAtomically(`${result.directory}/${PATHS.page}`, page);
    await sealRun(result.directory, result.chainHead, key);
  } catch (error) {
    throw evidenceError(result.directory, error);
  }
  if (flags.junit) await writeFile(flags.junit, renderJunit(card));
  if (flags.markdown) await writeFile(flags.markdown, renderMarkdown(card));
  if (flags.json) print(scorecardText(card));
  else print(`${renderTerminal(card, coloursFor(process.stdout))}\nscorecard: ${relative(process.cwd(), `${result.directory}/${PATHS.page}`)}\n`);
  if (result.failure) throw result.failure; // its exit code outranks the verdict's
  process.exitCode = EXIT[card.verdict];
}

/** Ctrl-C and SIGTERM end a run in good order: healed, stopped, judged as unknown. */
function stopOnSignals(): { readonly signal: AbortSignal } & AsyncDisposable {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    process.stderr.write(`\nturnback: ${name}: ending the run in good order\n`);
    controller.abort(new HarnessError({ code: "interrupted", kind: "run", message: `the run was interrupted by ${name}` }));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    [Symbol.asyncDispose]: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      return Promise.resolve();
    },
  };
}
