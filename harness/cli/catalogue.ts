// `turnback list, plan, schema, completion`: what there is to rehearse, and how to say it.

import { resolve } from "node:path";
import type { Command } from "commander";
import { wallClock } from "../base/clock.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { declarationError, drillJsonSchema, listDrillFiles } from "../drill/parse.ts";
import { NEGATIVE, readCatalogue } from "../../reports/catalogue.ts";
import { coloursFor, wrap } from "../../reports/terminal.ts";
import { print, printJson, type Json } from "./print.ts";

export async function list(flags: Json): Promise<void> {
  const drills = await readCatalogue();
  if (flags.json) return printJson(drills);
  const c = coloursFor(process.stdout);
  const folders = [...Map.groupBy(drills, ({ folder }) => folder)];
  for (const [folder, some] of folders) {
    print(`${c.bold(folder.toUpperCase())}${folder === NEGATIVE ? "  wrong on purpose: each must be missed" : ""}\n`);
    for (const { name, question } of some) print([`  ${c.bold(name)}`, ...wrap(question, 72).map((line) => `    ${line}`), ""].join("\n"));
  }
}

export async function plan(folder: string, flags: Json & { readonly database?: string; readonly on?: string }): Promise<void> {
  const { readPlan } = await import("../migration/plan-file.ts");
  const read = await readPlan(resolve(folder));
  if (flags.on !== undefined && !read.steps.some(({ on }) => on === flags.on)) throw declarationError("--on", `--on: no step of ${read.name} is on a database "${flags.on}"`, "name one that the plan's steps are on");
  let steps: { readonly step: string; readonly would: string }[] = read.steps.map(({ id }) => ({ step: id, would: "run" }));
  if (flags.database) {
    const { dryRun } = await import("../migration/runner.ts");
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString: flags.database });
    try {
      await client.connect();
      steps = await dryRun(client, read, flags.on);
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
    const { kind, backward, flag, on } = read.steps.find(({ id }) => id === step)!;
    const back = typeof backward === "object" && "irreversible" in backward ? "NO WAY BACK" : typeof backward === "object" && "nothing" in backward ? "nothing to undo" : "reversible";
    print(`  ${would.padEnd(9)}  ${step.padEnd(24)} ${kind.padEnd(9)} ${back}${on === undefined ? "" : `, on ${on}`}`);
    if (flag) print(`             flag ${flag.name}, of ${flag.owner}: ${lifeOf(flag)}`);
  }
}

/** A flag's age, and whether it should be gone: one that nobody takes out is a way back that nobody has tried for long. */
function lifeOf({ created, removeBy }: { readonly created: string; readonly removeBy: string }): string {
  const today = wallClock().slice(0, 10);
  const days = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
  const left = days(today, removeBy);
  return `${days(created, today)} days old, ${left >= 0 ? `to be removed within ${left} days` : `OVERDUE: it should have been removed ${-left} days ago`}`;
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
