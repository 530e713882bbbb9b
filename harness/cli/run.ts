// `turnback run`: rehearses a drill, judges it, seals it, and says how it went.

import { relative } from "node:path";
import { findDrill } from "../drill/parse.ts";
import { PATHS } from "../evidence/run-directory.ts";
import { readKey } from "../evidence/signature.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { renderJunit } from "../../reports/junit.ts";
import { liveView } from "../../reports/live.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { coloursFor, renderTerminal } from "../../reports/terminal.ts";
import { writeReport } from "./places.ts";
import { EXIT, print, scorecardText, type Json } from "./print.ts";
import { rehearse } from "./rehearse.ts";
import { stopOnSignals } from "./stop.ts";

type RunFlags = Json & { readonly runtime: RuntimeKind | "auto"; readonly seed: number; readonly runs: string; readonly sign?: string; readonly junit?: string; readonly markdown?: string };

export async function run(name: string, flags: RunFlags): Promise<void> {
  const file = await findDrill(name);
  const key = flags.sign === undefined ? undefined : await readKey(flags.sign, "private");
  await using stop = stopOnSignals();
  const { card, result } = await rehearse({
    file, runtime: flags.runtime, seed: flags.seed, runsDirectory: flags.runs, signal: stop.signal,
    watcher: liveView(flags.json ? process.stderr : process.stdout),
  }, key);
  if (flags.json) print(scorecardText(card));
  else print(`${renderTerminal(card, coloursFor(process.stdout))}\nscorecard: ${relative(process.cwd(), `${result.directory}/${PATHS.page}`)}\n`);
  const again = (format: string) => `the run is kept: turnback report ${result.directory} --format ${format} -o FILE`;
  if (flags.junit) await writeReport(flags.junit, renderJunit(card), again("junit"));
  if (flags.markdown) await writeReport(flags.markdown, renderMarkdown(card), again("markdown"));
  if (result.failure) throw result.failure; // its exit code outranks the verdict's
  process.exitCode = EXIT[card.verdict];
}
