// `turnback compare`: one drill, once per way back, side by side.

import { join, relative } from "node:path";
import { readForRun } from "../conduct/run-drill.ts";
import { goingBackBy } from "../drill/schema.ts";
import { findDrill } from "../drill/parse.ts";
import { newRunName, PATHS } from "../evidence/run-directory.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { compareScorecards, renderComparisonHtml, renderComparisonMarkdown, renderComparisonTerminal } from "../../reports/comparison.ts";
import { liveView } from "../../reports/live.ts";
import { coloursFor } from "../../reports/terminal.ts";
import { writeReport } from "./places.ts";
import { print, printJson, type Json } from "./print.ts";
import { rehearse } from "./rehearse.ts";
import { stopOnSignals } from "./stop.ts";
import { parseWays } from "./ways.ts";

const KEPT = "the runs are kept, each with its page; make room, or choose another --runs";

type CompareFlags = Json & { readonly ways: string; readonly runtime: RuntimeKind | "auto"; readonly seed: number; readonly runs: string; readonly markdown?: string };

export async function compare(name: string, flags: CompareFlags): Promise<void> {
  const file = await findDrill(name);
  const ways = parseWays(flags.ways, { least: 2, fewer: "a comparison needs two ways back or more" });
  for (const strategy of ways) await readForRun({ file, variant: (drill) => goingBackBy(drill, strategy) }); // or one would be refused when others have run
  await using stop = stopOnSignals();
  const cards = [];
  for (const strategy of ways) {
    const { card, result } = await rehearse({
      file, variant: (drill) => goingBackBy(drill, strategy), runtime: flags.runtime, seed: flags.seed, runsDirectory: flags.runs, signal: stop.signal,
      watcher: liveView(flags.json ? process.stderr : process.stdout),
    });
    if (result.failure) throw result.failure; // a way that was not measured can't be compared
    cards.push({ way: strategy, card, page: join(result.directory, PATHS.page) });
  }
  const comparison = compareScorecards(cards.map(({ way, card }) => ({ way, card })));
  const page = join(flags.runs, `${newRunName(`${comparison.drill}-compared`)}.html`);
  if (flags.json) printJson(comparison);
  else print(`${renderComparisonTerminal(comparison, coloursFor(process.stdout))}\ncomparison: ${relative(process.cwd(), page)}\n`);
  await writeReport(page, renderComparisonHtml(comparison, cards.map(({ page: of }) => relative(flags.runs, of))), KEPT);
  if (flags.markdown) await writeReport(flags.markdown, renderComparisonMarkdown(comparison), `the comparison is kept: ${page}`);
  const verdicts = cards.map(({ card }) => card.verdict);
  process.exitCode = verdicts.includes("met") ? 0 : verdicts.includes("unknown") ? 2 : 1;
}
