// `turnback run`: rehearses a drill, judges it, seals it, and says how it went.

import { writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { findDrill } from "../drill/parse.ts";
import { PATHS } from "../evidence/run-directory.ts";
import { readKey } from "../evidence/signature.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { renderJunit } from "../../reports/junit.ts";
import { liveView } from "../../reports/live.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { coloursFor, renderTerminal } from "../../reports/terminal.ts";
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
  if (flags.junit) await writeFile(flags.junit, renderJunit(card));
  if (flags.markdown) await writeFile(flags.markdown, renderMarkdown(card));
  if (flags.json) print(scorecardText(card));
  else print(`${renderTerminal(card, coloursFor(process.stdout))}\nscorecard: ${relative(process.cwd(), `${result.directory}/${PATHS.page}`)}\n`);
  if (result.failure) throw result.failure; // its exit code outranks the verdict's
  process.exitCode = EXIT[card.verdict];
}
