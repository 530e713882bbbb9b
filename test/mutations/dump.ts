// pg_dump as a witness, where this machine has one that knows the server; without it the others do.

import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

export type Address = { readonly host: string; readonly port: number; readonly user: string; readonly password: string };

const run = promisify(execFile);
const INSTALLED = "/usr/lib/postgresql";

/** The folder of a pg_dump that is new enough for the server: `TURNBACK_PG_DUMP` names it, or the system has one. */
export async function clientPrograms(major: number): Promise<string | undefined> {
  const debian = existsSync(INSTALLED) ? readdirSync(INSTALLED).map((version) => join(INSTALLED, version, "bin")) : [];
  for (const folder of [process.env["TURNBACK_PG_DUMP"], ...debian]) {
    if (folder === undefined || !existsSync(join(folder, "pg_dump"))) continue;
    const { stdout } = await run(join(folder, "pg_dump"), ["--version"]);
    if (Number(/(\d+)\./.exec(stdout)?.[1] ?? 0) >= major) return folder;
  }
  return undefined;
}

/** The statements of the schema and of what the whole server shares. Their order is not compared. */
export async function dumpStatements(programs: string, database: string, address: Address): Promise<string[]> {
  const texts = await Promise.all([
    dump(join(programs, "pg_dump"), ["--schema-only", "--create", "-d", database], address),
    dump(join(programs, "pg_dumpall"), ["--globals-only", "-l", "postgres"], address),
  ]);
  return texts.flatMap(statements);
}

async function dump(program: string, options: readonly string[], { host, port, user, password }: Address): Promise<string> {
  const environment = { PATH: process.env["PATH"] ?? "", PGPASSWORD: password };
  const { stdout } = await run(program, ["-h", host, "-p", String(port), "-U", user, "-w", ...options], { env: environment, maxBuffer: 64 << 20 });
  return stdout;
}

/** Comments, settings of the session and the random token of \restrict. */
const BESIDE = /^(--|\\(un)?restrict|SET |SELECT pg_catalog\.set_config|\\connect|$)/;

function statements(text: string): string[] {
  const lines = text.split("\n").filter((line) => !BESIDE.test(line)).join("\n");
  return lines.split(/;\n/).map((statement) => statement.trim().replace(/;$/, "")).filter((statement) => statement !== "");
}
