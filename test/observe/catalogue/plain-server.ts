// A server of any major version for a moment: as it comes, with nothing of the harness, reached by a socket in its own folder.

import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { postgresBinaries, unprivilegedUser } from "../../../harness/topology/embedded-postgres.ts";

const DEBIAN = "/usr/lib/postgresql";

/** Which majors this machine has, and the folder with each one's programs; `TURNBACK_POSTGRES` may name more, colons between them. */
export function localServers(): ReadonlyMap<number, string> {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, "bin")) : [];
  const named = (process.env["TURNBACK_POSTGRES"] ?? "").split(":").filter((folder) => folder !== "");
  const folders = [...named, ...(["usual", "older"] as const).map((release) => join(postgresBinaries(release), "bin")), ...debian];
  const found = new Map<number, string>();
  for (const folder of folders.filter((one) => existsSync(join(one, "initdb")) && existsSync(join(one, "postgres")))) {
    const major = Number(/(\d+)/.exec(execFileSync(join(folder, "postgres"), ["--version"], { encoding: "utf8" }))?.[1] ?? 0);
    if (!found.has(major)) found.set(major, folder);
  }
  return found;
}

/** @param programs the folder with initdb, pg_ctl and postgres */
export async function withPlainServer<T>(programs: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tb-plain-"));
  const user = unprivilegedUser();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const run = (program: string, options: readonly string[]) => execFileSync(join(programs, program), options, { cwd: folder, env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8" }, stdio: "pipe", ...(user ?? {}) });
  try {
    run("initdb", ["-D", data, "-U", "turnback", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    run("pg_ctl", ["-D", data, "-w", "-l", join(folder, "log"), "-o", `-k ${folder} -c listen_addresses='' -c fsync=off -c wal_level=logical -c jit=off`, "start"]);
    try {
      const client = new pg.Client({ host: folder, user: "turnback", database: "postgres" });
      await client.connect();
      try {
        return await work(client);
      } finally {
        await client.end();
      }
    } finally {
      run("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
