#!/usr/bin/env node
// The command line: parses arguments, calls the rooms, and turns failures into one message and an exit code.

import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { createRequire, enableCompileCache } from "node:module";
import { cleanEnvironment } from "../base/environment.ts";
import { COMPILED } from "../base/files.ts";
import { CONSISTENCY_MODELS } from "../drill/consistency-models.ts";
import { DEFAULT_RUNS } from "../evidence/run-directory.ts";
import { endWell } from "./end-well.ts";
import { fail } from "./fail.ts";
import { MOST_WORKERS, usualWorkers } from "./room.ts";

cleanEnvironment();
enableCompileCache(COMPILED.NODE_COMPILE_CACHE); // whatever is loaded from here on is compiled once
const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("It is a whole number from 0.");
  return value;
}

const between = (least: number, most: number) => (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  return value;
};
const workerCount = between(1, MOST_WORKERS);

const EXIT_CODES = `
Exit codes:
  0 met   1 missed   2 unknown   3 the declaration or the usage is wrong
  4 the environment lacks something (turnback doctor says what)
`;

// Each command's room is loaded when it is called: `turnback list` needs neither DuckDB nor a chart.
const program = new Command("turnback")
  .description("Proves, before production does, that a database migration can be undone\nin time and without losing anybody's data.")
  .version(version)
  .option("--debug", "show stack traces")
  .addHelpText("after", `
Begin with:
  turnback list                       the drills there are
  turnback run split-customer-name    rehearse one and read its scorecard
${EXIT_CODES}`)
  .exitOverride()
  .showHelpAfterError("(turnback --help shows how)");

const json = new Option("--json", "print one JSON document and nothing else");

program.command("run").argument("<drill>", "name of a drill, or a file *.drill.{ts,yaml,json}")
  .description("rehearse a drill: start, load, migrate, break, go back, judge")
  .addOption(new Option("--runtime <kind>", "where the services run").choices(["auto", "docker", "process"]).default("auto"))
  .addOption(new Option("--seed <number>", "seed of everything random").argParser(wholeNumber).default(1))
  .option("--runs <folder>", "where run directories are written", DEFAULT_RUNS)
  .option("--sign <file>", "sign the seal with this private ed25519 key (PEM)")
  .option("--junit <file>", "also write JUnit XML")
  .option("--markdown <file>", "also write Markdown, for a CI job's summary")
  .addOption(json)
  .addHelpText("after", `
Examples:
  turnback run split-customer-name
  turnback run split-customer-name --runtime docker --seed 7
  turnback run ./my.drill.yaml --json | jq .verdict
${EXIT_CODES}`)
  .action(async (...args: Parameters<typeof import("./run.ts").run>) => (await import("./run.ts")).run(...args));

program.command("decide").argument("<run>", "the run directory of a drill that waits for an answer").addArgument(new Argument("<verdict>", "whether to go back").choices(["approve", "refuse"]))
  .description("answer a drill that asks a person whether to go back")
  .option("--by <name>", "who answers", process.env["USER"] ?? "a person")
  .option("--reason <text>", "why; the scorecard quotes it")
  .addHelpText("after", `
Exit codes: 0 the answer is given, 3 nobody is asked there
`)
  .action(async (...args: Parameters<typeof import("./decide.ts").decide>) => (await import("./decide.ts")).decide(...args));

program.command("compare").argument("<drill>", "name of a drill, or a file *.drill.{ts,yaml,json}")
  .description("rehearse a drill once per way back, and lay the scorecards side by side")
  .requiredOption("--ways <list>", "ways back, separated by commas: down,pitr,snapshot")
  .addOption(new Option("--runtime <kind>", "where the services run").choices(["auto", "docker", "process"]).default("auto"))
  .addOption(new Option("--seed <number>", "seed of everything random, alike for all").argParser(wholeNumber).default(1))
  .option("--runs <folder>", "where run directories and the page are written", DEFAULT_RUNS)
  .option("--markdown <file>", "also write Markdown, for a CI job's summary")
  .addOption(json)
  .addHelpText("after", `
Example:
  turnback compare split-customer-name --ways down,pitr

Exit codes: 0 some way back meets the objectives, 1 none does, 2 none does and some are unknown,
3 the declaration or the usage is wrong, 4 the environment lacks something
`)
  .action(async (...args: Parameters<typeof import("./compare.ts").compare>) => (await import("./compare.ts")).compare(...args));

program.command("suite").argument("<suite>", "name of a suite in scenarios/, or a file *.suite.yaml")
  .description("rehearse many drills, and see whether each comes out as it must")
  .addOption(new Option("--runtime <kind>", "where the services run").choices(["auto", "docker", "process"]).default("auto"))
  .addOption(new Option("--seed <number>", "seed of everything random, alike for all").argParser(wholeNumber).default(1))
  .addOption(new Option("--workers <number>", "so many drills at once").argParser(workerCount).default(usualWorkers(1), "one a core, where memory allows"))
  .option("--runs <folder>", "where run directories and the page are written", DEFAULT_RUNS)
  .option("--junit <file>", "also write JUnit XML, a test case a drill")
  .addOption(json)
  .addHelpText("after", `
Example:
  turnback suite nightly --runtime process --junit nightly.xml

A drill must be met, unless it declares that it must be missed, by what, and with which findings.

Exit codes: 0 each drill is as it must be, 1 some is not, 2 of some nobody knows,
3 the declaration or the usage is wrong, 4 the environment lacks something
`)
  .action(async (...args: Parameters<typeof import("./suite.ts").suite>) => (await import("./suite.ts")).suite(...args));

program.command("sweep").argument("<drill>", "name of a drill, or a file *.drill.{ts,yaml,json}")
  .description("break a drill at every moment of its migration and of its ways back, and find the worst")
  .option("--faults <list>", "faults, separated by commas; with @, on whom; own: those that the drill declares", "kill,pause,down@migration")
  .option("--ways <list>", "ways back, separated by commas; without it, the drill's own")
  .addOption(new Option("--points <which>", "one fault a point, or also a second one in the way back from the first").choices(["singles", "pairs"]).default("singles"))
  .option("--budget <budget>", "a time (90s, 10m, 2h) or a number of tries; the most telling come first", "10m")
  .addOption(new Option("--runtime <kind>", "where the services run").choices(["auto", "docker", "process"]).default("auto"))
  .addOption(new Option("--seed <number>", "seed of everything random, the order of points too").argParser(wholeNumber).default(1))
  .addOption(new Option("--repeat <percent>", "of the points that were tried, so many in a hundred are tried once more: how often does an outcome repeat?").argParser(between(0, 100)).default(10))
  .addOption(new Option("--workers <number>", "so many points at once").argParser(workerCount).default(usualWorkers(2), "two a core, where memory allows"))
  .option("--shrink", "make what fails as small as it goes on failing, and write it as a drill")
  .option("--runs <folder>", "where the sweep's folder is written", DEFAULT_RUNS)
  .option("--junit <file>", "also write JUnit XML, a test case a point")
  .option("--markdown <file>", "also write Markdown, for a CI job's summary")
  .addOption(json)
  .addHelpText("after", `
Examples:
  turnback sweep split-customer-name --budget 5m
  turnback sweep split-customer-name --faults kill --ways down,pitr --budget 50

The same command goes on where the last one stopped, until every point is tried.
${EXIT_CODES}`)
  .action(async (...args: Parameters<typeof import("./sweep.ts").sweep>) => (await import("./sweep.ts")).sweep(...args));

program.command("list").description("the drills below scenarios/, each with its question").addOption(json).action(async (...args: Parameters<typeof import("./catalogue.ts").list>) => (await import("./catalogue.ts")).list(...args));

program.command("judge").argument("<run>", "a run directory").description("judge a run again, from its evidence alone; exits with its verdict").addOption(json).action(async (...args: Parameters<typeof import("./evidence.ts").judgeRun>) => (await import("./evidence.ts")).judgeRun(...args));

program.command("verify").argument("<run>", "a run directory").description("check that nothing in a run was changed since it was sealed")
  .option("--key <file>", "a public ed25519 key (PEM) that must have signed the seal").addOption(json).action(async (...args: Parameters<typeof import("./evidence.ts").verify>) => (await import("./evidence.ts")).verify(...args));

program.command("report").argument("<run>", "a run directory").description("render a run's scorecard")
  .addOption(new Option("--format <format>", "form of the report").choices(["terminal", "html", "junit", "markdown", "json"]).default("terminal"))
  .option("-o, --output <file>", "write to a file rather than to standard output")
  .action(async (...args: Parameters<typeof import("./evidence.ts").report>) => (await import("./evidence.ts")).report(...args));

program.command("query").argument("<run>", "a run directory").argument("[sql]", "a query in DuckDB's SQL; without one, the tables are listed")
  .description("ask a run's evidence: operations, effects, probes, timeline, before_*, after_*")
  .addOption(json)
  .addHelpText("after", `
Examples:
  turnback query runs/... "select outcome, count(*) from operations group by all"
  turnback query runs/... "select * from operations where outcome = 'indeterminate'"
`)
  .action(async (...args: Parameters<typeof import("./evidence.ts").query>) => (await import("./evidence.ts")).query(...args));

program.command("isolation").argument("<history>", "a file with one JSON object a line: index, process, type, time, value")
  .description("check a history of list-append transactions against a consistency model")
  .addOption(new Option("--model <model>", "the model that it must keep").choices(CONSISTENCY_MODELS).default("serializable"))
  .option("--svg <file>", "also draw the first cycle")
  .addOption(json)
  .addHelpText("after", `
One object a line:
  {"index":0,"process":3,"type":"invoke","time":0,"value":[["append","x",1],["r","y",null]]}
  {"index":1,"process":3,"type":"ok","time":5,"value":[["append","x",1],["r","y",[4,2]]]}
type is invoke, ok (committed), fail (certainly not) or info (nobody knows).

Exit codes: 0 holds, 1 violated, 2 unknown, 3 the file is no history
`)
  .action(async (...args: Parameters<typeof import("./isolation.ts").isolation>) => (await import("./isolation.ts")).isolation(...args));

program.command("plan").argument("<folder>", "a folder with plan.yaml").description("check a plan and show, without doing it, what would be run")
  .option("--database <url>", "a database whose journal says what is done already")
  .option("--on <name>", "which of the plan's databases that is; without it, the first")
  .addOption(json).action(async (...args: Parameters<typeof import("./catalogue.ts").plan>) => (await import("./catalogue.ts")).plan(...args));

program.command("doctor").description("what this machine can do, what was tried, and what mends it").addOption(json).action(async (...args: Parameters<typeof import("./machine.ts").doctor>) => (await import("./machine.ts")).doctor(...args));

program.command("clean").description("remove what killed runs have left, and nothing else")
  .option("--dry-run", "only say what is there").addOption(json).action(async (...args: Parameters<typeof import("./machine.ts").clean>) => (await import("./machine.ts")).clean(...args));

program.command("schema").description("the JSON Schema of a drill's declaration, for editors").action(async (...args: Parameters<typeof import("./catalogue.ts").schema>) => (await import("./catalogue.ts")).schema(...args));

program.command("completion").addArgument(new Argument("<shell>").choices(["bash", "zsh"]))
  .description("a completion script: source <(turnback completion bash)").action(async (shell: string) => (await import("./catalogue.ts")).completion(shell, program));

for (const command of program.commands) command.exitOverride().showHelpAfterError(`(turnback ${command.name()} --help shows how)`);

endWell(Boolean(process.argv.includes("--debug")));
program.hook("preAction", async (_, command) => (await import("./places.ts")).expectPlaces(command.name(), command.opts()));
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 3;
  else process.exitCode = fail(error, Boolean(program.opts()["debug"]));
}
