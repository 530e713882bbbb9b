// What the schema doesn't say and a newcomer needs: who runs what, under which name, where paths start, and what a workload may call.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness/base/files.ts";

/** As topology/postgres.ts makes it: what renders imports no server. */
const DATABASE = "app";

/** Chapters of the reference, as lines of Markdown. */
export function newcomers(): string[] {
  return [
    "## Who runs what, and where", "",
    "| who | role | may |", "|---|---|---|",
    `| schema, seed, the migration's steps and the way back's | \`migrator\` | owns the database \`${DATABASE}\` and its schema public; no superuser: roles, ALTER SYSTEM, replication slots, event triggers and session_replication_role are refused with 42501 |`,
    "| clients (the load), the application | `app` | what the schema grants it, and nothing else: `grant select, insert, update on customers to app` |",
    "| the queries of entities and invariants, in every phase | `turnback_reader` | reads every row, behind row security as well, and writes nothing: read only transactions on the snapshot of the other facts, one SELECT each, at most 120 s (a lock: 10 s). It reads no files, starts no programs and becomes nobody else. What it may not is said at the baseline, before the load (exit code 3) |",
    "| the harness: facts, probes, ways back that need the server | `turnback` | superuser, around all proxies |", "",
    `- The database is named \`${DATABASE}\`, on each of the system's servers. Both roles are there before the schema runs, and have passwords of the run's own.`,
    "- A function that PUBLIC may not execute: those of the schema's owner are granted to `turnback_reader` when the data are prepared; one that a migration makes anew needs `grant execute on function ... to turnback_reader`, or the run is unknown for that. No fingerprint shows that role or its grants.",
    "- A step or a way back that is given up (`withinMs`, a decision) is ended in the server: cancelled, then its session terminated, until neither it nor a lock of it is left. Ctrl-C ends a run in any phase within 5 s; what was seen until then is kept.",
    "- Extensions are made by the superuser: name them in `extensions` of system.yaml. So are tablespaces (`tablespaces`).",
    "- Paths in a drill (`system.path`, `migration.plan`, `load.workload`) start at the repository's root, or are absolute. Files that system.yaml names start at its folder, and a drill's own file where the command is called.",
    "- `:scale` in SQL files of a system stands for the drill's `system.scale`. After the seed the database is analysed.", "",
    "## Limits, places and what is kept", "",
    "- A declaration is UTF-8, at most 1 MiB, nested at most 64 deep, without controls; names have at most 100 characters, identifiers 63. What is wrong with it is told with its file, field and line, values cut at 80 characters (exit code 3).",
    "- A field may be called anything but `#bucket`, `#set`, `#closer` and `#part`, without line breaks; two that differ only in case are refused, as is a key that is no column, null or repeated. Values of any size are compared, long ones by their digest. It is looked at at the baseline, before the load starts.",
    "- Every place that a command writes to is tried before it begins: `--runs`, `--junit`, `--markdown`, `--svg`, `-o`, TMPDIR (absolute, at most 800 bytes) and the cache. One that can't be written to, a disk that fills up, and output that can't be printed end with exit code 4 and what to do. The run's evidence is kept: `turnback report` renders it again.",
    "- Folders and files may have any names, blanks, quotes, `%20`, `#` and line breaks too; only TMPDIR has no line breaks, for PostgreSQL keeps its paths line by line, and turnback's own folder can't have a `*` in its path, for Node loads no packages from there.",
    "- Prepared data and facts are kept in `.cache`, with a manifest of what they hold. What a killed process has half made bears its owner (machine, boot, pid namespace, process) in its name, and the next run or `turnback clean` removes it; `turnback doctor` puts rights right, and takes away what was changed, which the next run makes anew.",
    "- A load that is refused is said as that: which operation how often, with SQLSTATE and message, when no first operation is served or steady state doesn't come before the migration.", "",
    "## What a workload calls (`k6/x/turnback`)", "",
    "A workload is a k6 script. It imports `options`, `serve` and what it does from `k6/x/turnback`, and exports `options()` as k6's options; each operation has a name, and says beforehand what it will have done to which record of which entity (`effects`).",
    "What is told so is held against the database afterwards. An operation that tells no effects is only counted and timed. For completion in an editor: `/// <reference path=\"harness/load/workload.d.ts\" />`.", "",
    "```ts", ...declarations(), "```",
  ];
}

/** Of the module, as its file declares it. */
function declarations(): string[] {
  const lines = readFileSync(join(ROOT, "harness/load/workload.d.ts"), "utf8").split("\n");
  const from = lines.findIndex((line) => line.startsWith("declare module \"k6/x/turnback\""));
  return lines.slice(from + 1, lines.indexOf("}", from)).map((line) => line.replace(/^ {2}/, ""));
}
