// `turnback judge, verify, report, query`: what can be asked of a finished run.

import { visibleData } from "../base/visible.ts";
import { scorecardForm } from "../evidence/forms/scorecard.ts";
import { PATHS, readJson, requireRun } from "../evidence/run-directory.ts";
import { verifySeal } from "../evidence/seal.ts";
import { readKey } from "../evidence/signature.ts";
import { ask } from "../judge/ask.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderJunit } from "../../reports/junit.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { coloursFor, renderTerminal } from "../../reports/terminal.ts";
import { writeReport } from "./places.ts";
import { EXIT, print, printJson, scorecardText, type Json } from "./print.ts";
import { judgeAsSealed, warnIfUnsealed } from "./sealed.ts";

/** Of a run that is not as it was sealed the exit code is never 0. */
export async function judgeRun(run: string, flags: Json): Promise<void> {
  const breaches = await warnIfUnsealed(run); // at once: what follows may fail by it
  const card = await judgeAsSealed(run, breaches);
  if (flags.json) print(scorecardText(card));
  else {
    print(renderTerminal(card, coloursFor(process.stdout)));
    const sealed = breaches.length === 0 ? await readJson<Scorecard>(run, PATHS.scorecard) : undefined;
    if (breaches.length > 0) print("This is no verdict: the run is not as it was sealed.\n");
    else if (sealed) print(scorecardText(sealed) === scorecardText(card) ? "This repeats the sealed scorecard byte for byte.\n" : "This differs from the sealed scorecard: another version of turnback made that.\n");
  }
  process.exitCode = breaches.length > 0 ? EXIT[card.verdict] || EXIT.unknown : EXIT[card.verdict];
}

export async function verify(run: string, flags: Json & { readonly key?: string }): Promise<void> {
  await requireRun(run);
  const { breaches, signedBy } = await verifySeal(run, flags.key === undefined ? undefined : await readKey(flags.key, "public"));
  const signer = signedBy === undefined ? "" : flags.key ? `; signed with this key, ${signedBy}` : `; signed by ${signedBy}, and --key shows whether that is who you think`;
  if (flags.json) printJson({ schema: "turnback.verification/1", run, intact: breaches.length === 0, ...(signedBy && { signedBy }), breaches });
  else if (breaches.length === 0) print(`intact: every file is as it was sealed${signer}`);
  else for (const { file, line, what } of breaches) print(`${file}${line === undefined ? "" : `:${line}`}: ${what}`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}

type ReportFlags = { readonly format: "terminal" | "html" | "junit" | "markdown" | "json"; readonly output?: string };

/** Of the sealed scorecard; of a run that is not as it was sealed, of what it can be judged as now. */
export async function report(run: string, { format, output }: ReportFlags): Promise<void> {
  const breaches = await warnIfUnsealed(run);
  const sealed = breaches.length === 0 ? await readJson<Scorecard>(run, PATHS.scorecard, scorecardForm) : undefined;
  const card = sealed ?? (await judgeAsSealed(run, breaches));
  const renderers = {
    terminal: () => renderTerminal(card, coloursFor(output ? {} : process.stdout)), html: () => renderHtml(card),
    junit: () => renderJunit(card), markdown: () => renderMarkdown(card), json: () => scorecardText(card),
  } as const;
  const text = await renderers[format]();
  if (output) await writeReport(output, text, "make room, or choose another file with -o");
  else print(text);
}

export async function query(run: string, sql: string | undefined, flags: Json): Promise<void> {
  await warnIfUnsealed(run);
  const [rows = []] = await ask(run, [sql]);
  if (flags.json) return printJson(rows);
  if (rows.length === 0) return print("(no rows)");
  console.table(visibleData(rows));
}
