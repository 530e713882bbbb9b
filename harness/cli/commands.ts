// What each command does: reads its options, calls the rooms, prints.

import { writeFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import pg from "pg";
import type { Command } from "commander";
import { HarnessError, messageOf } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { runDrill } from "../conduct/run-drill.ts";
import { drillJsonSchema, findDrill, listDrillFiles, readDrill } from "../drill/parse.ts";
import { EvidenceDatabase } from "../evidence/database.ts";
import { PATHS, evidenceError, readJson, requireRun } from "../evidence/run-directory.ts";
import { sealRun, verifySeal } from "../evidence/seal.ts";
import { judge } from "../judge/judge.ts";
import { readRun } from "../judge/run-record.ts";
import type { Scorecard, Verdict } from "../judge/scorecard.ts";
import { readPlan } from "../migration/plan-file.ts";
import { dryRun } from "../migration/runner.ts";
import { findLeftovers } from "../topology/leftovers.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderJunit } from "../../reports/junit.ts";
import { liveView } from "../../reports/live.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { coloursFor, renderTerminal, wrap } from "../../reports/terminal.ts";
import { diagnose, renderDiagnosis } from "./doctor.ts";

const EXIT: Readonly<Record<Verdict, number>> = { met: 0, missed: 1, unknown: 2 };

type Json = { readonly json?: boolean };

function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

function printJson(data: unknown): void {
  print(JSON.stringify(data, null, 2));
}

function scorecardText(card: Scorecard): string {
  return `${JSON.stringify(card, null, 2)}\n`;
}

type RunFlags = Json & { readonly runtime: RuntimeKind | "auto"; readonly seed: number; readonly runs: string; readonly junit?: string; readonly markdown?: string };

export async function run(name: string, flags: RunFlags): Promise<void> {
  const file = await findDrill(name);
  for (const left of await findLeftovers()) {
    process.stderr.write(`turnback: run ${left.run} left ${left.what.join(", ")}; \`turnback clean\` removes it\n`);
  }
  await using stop = stopOnSignals();
  const result = await runDrill({
    file, runtime: flags.runtime, seed: flags.seed, runsDirectory: flags.runs, signal: stop.signal,
    watcher: liveView(flags.json ? process.stderr : process.stdout),
  });
  if (result.failure && ["evidence-disk-full", "evidence-unwritable"].includes(result.failure.code)) throw result.failure;
  const card = await judge(result.directory);
  try {
    await writeAtomically(`${result.directory}/${PATHS.scorecard}`, scorecardText(card));
    await writeAtomically(`${result.directory}/${PATHS.page}`, await renderHtml(card));
    await sealRun(result.directory, result.chainHead);
  } catch (error) {
    throw evidenceError(result.directory, error);
  }
  if (flags.junit) await writeFile(flags.junit, renderJunit(card));
  if (flags.markdown) await writeFile(flags.markdown, renderMarkdown(card));
  if (flags.json) print(scorecardText(card));
  else print(`${renderTerminal(card, coloursFor(process.stdout))}\nscorecard: ${relative(process.cwd(), `${result.directory}/${PATHS.page}`)}\n`);
  process.exitCode = EXIT[card.verdict];
  if (result.failure) {
    if (result.failure.exitCode !== 2) process.exitCode = result.failure.exitCode;
    throw result.failure;
  }
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

export async function list(flags: Json): Promise<void> {
  const drills = await Promise.all((await listDrillFiles()).map(async ({ file }) => ({ ...(await readDrill(file)), file: relative(process.cwd(), file) })));
  if (flags.json) return printJson(drills.map(({ name, question, file }) => ({ name, question, file })));
  const c = coloursFor(process.stdout);
  for (const { name, question } of drills) print([c.bold(name), ...wrap(question, 74).map((line) => `  ${line}`)].join("\n"));
}

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
    const { reconcile } = await import("../judge/reconcile.ts");
    const failed = new Set(record.after.entities.failed.map(({ entity }) => entity));
    await reconcile(database, record.system.entities.filter(({ name }) => !failed.has(name)));
  }
  const rows = await database.rows(sql ?? "select table_name as \"table\", string_agg(column_name, ', ' order by column_index) as columns from duckdb_columns() where not internal group by all order by 1");
  if (flags.json) return printJson(rows);
  if (rows.length === 0) return print("(no rows)");
  console.table(rows);
}

export async function plan(folder: string, flags: Json & { readonly database?: string }): Promise<void> {
  const read = await readPlan(resolve(folder));
  let steps: { readonly step: string; readonly would: string }[] = read.steps.map(({ id }) => ({ step: id, would: "run" }));
  if (flags.database) {
    const client = new pg.Client({ connectionString: flags.database });
    try {
      await client.connect();
      steps = await dryRun(client, read);
    } catch (error) {
      if (error instanceof HarnessError) throw error;
      throw new HarnessError({ code: "no-database", kind: "environment", place: "--database", message: `the database can't be read: ${messageOf(error)}`, remedy: "check the URL", cause: error });
    } finally {
      await client.end();
    }
  }
  if (flags.json) return printJson({ plan: read.name, steps });
  print(`${read.name}: ${read.description}`);
  for (const { step, would } of steps) {
    const { kind, backward } = read.steps.find(({ id }) => id === step)!;
    const back = typeof backward === "object" && "irreversible" in backward ? "NO WAY BACK" : typeof backward === "object" && "nothing" in backward ? "nothing to undo" : "reversible";
    print(`  ${would.padEnd(6)}  ${step.padEnd(24)} ${kind.padEnd(9)} ${back}`);
  }
}

export async function doctor(flags: Json): Promise<void> {
  const diagnosis = await diagnose();
  if (flags.json) printJson(diagnosis);
  else print(renderDiagnosis(diagnosis, coloursFor(process.stdout)));
  process.exitCode = diagnosis.runtimes.some(({ usable }) => usable) ? 0 : 4;
}

export async function clean(flags: Json & { readonly dryRun?: boolean }): Promise<void> {
  const left = await findLeftovers();
  if (!flags.dryRun) for (const leftover of left) await leftover.remove();
  if (flags.json) return printJson({ removed: !flags.dryRun, leftovers: left.map(({ run: name, what }) => ({ run: name, what })) });
  if (left.length === 0) return print("nothing was left behind");
  for (const { run: name, what } of left) print(`${flags.dryRun ? "would remove" : "removed"} of ${name}: ${what.length === 0 ? "its record" : what.join(", ")}`);
}

export function schema(): void {
  printJson(drillJsonSchema());
}

export async function completion(shell: string, program: Command): Promise<void> {
  const names = program.commands.map((command) => command.name()).join(" ");
  const drills = (await listDrillFiles()).map(({ name }) => name).join(" ");
  const bash = `_turnback() {
  local word=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W "${names}" -- "$word"))
  elif [ "$command" = run ]; then COMPREPLY=($(compgen -W "${drills} --runtime --seed --runs --junit --markdown --json" -- "$word") $(compgen -f -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -F _turnback turnback`;
  print(shell === "bash" ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`);
}
