// `turnback judge, verify, report, query`: what can be asked of a finished run.

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { PATHS, readJson, requireRun } from "../evidence/run-directory.ts";
import { verifySeal } from "../evidence/seal.ts";
import { readKey } from "../evidence/signature.ts";
import { ask } from "../judge/ask.ts";
import { judge } from "../judge/judge.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderJunit } from "../../reports/junit.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { coloursFor, renderTerminal } from "../../reports/terminal.ts";
import { EXIT, print, printJson, scorecardText, type Json } from "./print.ts";

export async function judgeRun(run: string, flags: Json): Promise<void> {
  const card = await judge(run);
  if (flags.json) print(scorecardText(card));
  else {
    print(renderTerminal(card, coloursFor(process.stdout)));
    const sealed = await readJson<Scorecard>(run, PATHS.scorecard);
    if (sealed) print(scorecardText(sealed) === scorecardText(card) ? "This repeats the sealed scorecard byte for byte.\n" : "This differs from the sealed scorecard: another version of turnback made that, or the run was changed (turnback verify).\n");
  }
  process.exitCode = EXIT[card.verdict];
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

export async function report(run: string, { format, output }: ReportFlags): Promise<void> {
  await requireRun(run);
  const card = (await readJson<Scorecard>(run, PATHS.scorecard)) ?? (await judge(run));
  const renderers = {
    terminal: () => renderTerminal(card, coloursFor(output ? {} : process.stdout)), html: () => renderHtml(card),
    junit: () => renderJunit(card), markdown: () => renderMarkdown(card), json: () => scorecardText(card),
  } as const;
  const text = await renderers[format]();
  if (output) await writeFile(resolve(output), text);
  else print(text);
}

export async function query(run: string, sql: string | undefined, flags: Json): Promise<void> {
  const [rows = []] = await ask(run, [sql]);
  if (flags.json) return printJson(rows);
  if (rows.length === 0) return print("(no rows)");
  console.table(rows);
}
