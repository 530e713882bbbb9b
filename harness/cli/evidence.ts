// `turnback judge, verify, report, query`: what can be asked of a finished run.

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { EvidenceDatabase } from "../evidence/database.ts";
import { PATHS, readJson, requireRun } from "../evidence/run-directory.ts";
import { verifySeal } from "../evidence/seal.ts";
import { judge } from "../judge/judge.ts";
import { reconcile } from "../judge/reconcile.ts";
import { readRun } from "../judge/run-record.ts";
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

export async function verify(run: string, flags: Json): Promise<void> {
  await requireRun(run);
  const breaches = await verifySeal(run);
  if (flags.json) printJson({ schema: "turnback.verification/1", run, intact: breaches.length === 0, breaches });
  else if (breaches.length === 0) print("intact: every file is as it was sealed");
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
  const record = await readRun(run);
  await using database = await EvidenceDatabase.open(resolve(run), record.system.entities.map(({ name }) => name));
  await database.run(`set file_search_path = '${resolve(run).replaceAll("'", "''")}'`);
  if (record.before && record.after && sql?.includes("harms")) {
    const failed = new Set(record.after.entities.failed.map(({ entity }) => entity));
    await reconcile(database, record.system.entities.filter(({ name }) => !failed.has(name)));
  }
  const rows = await database.query(sql ?? "select table_name as \"table\", string_agg(column_name, ', ' order by column_index) as columns from duckdb_columns() where not internal group by all order by 1");
  if (flags.json) return printJson(rows);
  if (rows.length === 0) return print("(no rows)");
  console.table(rows);
}
