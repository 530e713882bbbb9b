// Copies of prepared data that outlive their run: the next one sets back what differs, which is little.

import {
  chmodSync, chownSync, closeSync, copyFileSync, ftruncateSync, lchownSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, rmSync, symlinkSync,
  writeFileSync, writeSync, type BigIntStats,
} from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { wallClock } from "../base/clock.ts";
import { ROOT, exists } from "../base/files.ts";
import { codeOf } from "../base/errors.ts";
import { fateOf, partialOf } from "../base/owner.ts";
import { newSecret } from "../base/random.ts";
import { inspect, run } from "../base/process.ts";

const KEPT = join(ROOT, ".cache", "kept");
/** So many copies are kept, of whatever data: each is as large as its data and a run's WAL. */
const KEPT_AT_MOST = 8;
/** The kernel's clock of files may be as coarse as this. */
const CLOCK_TICK_MS = 20n;

/*
 * What differs is seen by the change time (ctime) of an inode, which the kernel sets at every write, and which nobody can set
 * back: a file with the inode and the change time that it had when it was copied holds what was copied. Sizes and times of
 * modification, as other tools compare them, would pass over a file that was put back with its old times.
 */

/** For each file of a copy its inode and change time, as they were when it was known to be right. */
type Known = Readonly<Record<string, string>>;
/** `of` names the prepared data by its own inode: prepared anew, even from the same declaration, they are other bytes. */
type Manifest = { readonly of: string; readonly known: Known };

/**
 * Makes `at` a copy of a tree, from an earlier run's where there is one.
 * @param beside a folder that doesn't exist yet, on the same file system
 * @param name of the data, on the shelf of kept copies
 * @returns what keeps the copy for another run, whatever became of it meanwhile; not to be called while anybody writes to it
 */
export async function takeCopy(template: string, at: string, beside: string, name = basename(template)): Promise<() => Promise<void>> {
  const shelf = join(KEPT, name);
  const of = stamp(lstatSync(template, { bigint: true }));
  const manifest = (await takeFrom(shelf, beside, of)) ?? { of, known: {} };
  let known: Known;
  if (await exists(join(beside, "data"))) {
    await rename(join(beside, "data"), at);
    known = setBack({ template, wanted: prepared(template, of), at, known: manifest.known });
  } else {
    await mkdir(beside, { recursive: true });
    await run("cp", ["-a", "--reflink=auto", template, at], { env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C", TURNBACK_WORK: dirname(beside) } }); // its run's mark
    known = remember(listing(at));
  }
  return async () => {
    if (!(await exists(at)) || hasServer(at)) return; // a restore that failed may leave nothing
    writeFileSync(join(beside, "manifest.json"), JSON.stringify({ of, known } satisfies Manifest));
    await rename(at, join(beside, "data"));
    await mkdir(shelf, { recursive: true, mode: 0o700 });
    try {
      await rename(beside, join(shelf, newSecret()));
    } catch (error) {
      if (codeOf(error) !== "EXDEV") throw error; // another file system than the cache's: each run has its own copy
      return;
    }
    await forgetOldest();
  };
}

/** Moves a copy that nobody has to `to`, if there is one of these data. */
async function takeFrom(shelf: string, to: string, of: string): Promise<Manifest | undefined> {
  for (const name of await readdir(shelf).catch(() => [])) {
    try {
      await rename(join(shelf, name), to); // one of those who try it gets it
    } catch (error) {
      if (codeOf(error) === "ENOENT") continue;
      if (codeOf(error) === "EXDEV") return undefined;
      throw error;
    }
    const manifest = readManifest(join(to, "manifest.json"));
    if (manifest?.of === of) return manifest;
    await rm(to, { recursive: true });
  }
  return undefined;
}

/** Does a server still run on it? One that couldn't be ended would write on to the next run's data. */
function hasServer(at: string): boolean {
  try {
    const pid = Number(readFileSync(join(at, "postmaster.pid"), "utf8").split("\n")[0]);
    return ![undefined, "Z"].includes(inspect(pid)?.state);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function readManifest(file: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Manifest;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function forgetOldest(): Promise<void> {
  const shelves = (await readdir(KEPT)).filter((name) => fateOf(name) === undefined);
  const all = (await Promise.all(shelves.map(async (shelf) => Promise.all((await readdir(join(KEPT, shelf))).map(async (name) => {
    const path = join(KEPT, shelf, name);
    return { path, at: await stat(path).then(({ ctimeMs }) => ctimeMs, () => 0) };
  }))))).flat().toSorted((a, b) => b.at - a.at);
  for (const { path } of all.slice(KEPT_AT_MOST)) {
    const doomed = partialOf(join(KEPT, "doomed"));
    const mine = await rename(path, doomed).then(() => true, () => false); // or a run has just taken it
    if (mine) await rm(doomed, { recursive: true, force: true });
  }
}

const stamp = ({ ino, ctimeNs }: BigIntStats) => `${ino} ${ctimeNs}`;

/** Everything below a folder, the folder itself as "", each after what it lies in. */
function listing(root: string): Map<string, BigIntStats> {
  const found = new Map<string, BigIntStats>();
  const look = (path: string) => {
    const stats = lstatSync(join(root, path), { bigint: true });
    found.set(path, stats);
    if (stats.isDirectory()) for (const name of readdirSync(join(root, path))) look(path === "" ? name : `${path}/${name}`);
  };
  look("");
  return found;
}

/** Prepared data are not changed any more: they are looked at once. */
const lookedAt = new Map<string, ReturnType<typeof listing>>();

function prepared(template: string, of: string): ReturnType<typeof listing> {
  const found = lookedAt.get(of) ?? listing(template);
  lookedAt.set(of, found);
  return found;
}

function remember(files: Iterable<readonly [string, BigIntStats]>): Known {
  const known: Record<string, string> = {};
  const nowNs = BigInt(Date.parse(wallClock())) * 1_000_000n;
  for (const [path, stats] of files) {
    // A write within the same tick of the clock would leave the change time as it is: such a file is not known.
    if (stats.isFile() && nowNs - stats.ctimeNs > CLOCK_TICK_MS * 1_000_000n) known[path] = stamp(stats);
  }
  return known;
}

/** Makes a tree like another one again. @returns what is known of it now */
function setBack({ template, wanted, at, known }: { readonly template: string; readonly wanted: ReadonlyMap<string, BigIntStats>; readonly at: string; readonly known: Known }): Known {
  const held = listing(at);
  for (const [path, { mode }] of [...held].toReversed()) {
    const like = wanted.get(path);
    if (like && (like.mode & TYPE) === (mode & TYPE)) continue;
    rmSync(join(at, path), { recursive: true, force: true });
    held.delete(path);
  }
  for (const [path, like] of wanted) {
    const is = held.get(path);
    const [from, to] = [join(template, path), join(at, path)];
    if (like.isFile()) {
      if (is && known[path] === stamp(is)) continue;
      if (is) writeDifference(from, to);
      else copyFileSync(from, to);
      held.delete(path); // what is known of it is looked at again
    } else if (like.isSymbolicLink()) {
      if (is && readlinkSync(to) === readlinkSync(from) && is.uid === like.uid && is.gid === like.gid) continue;
      rmSync(to, { force: true });
      symlinkSync(readlinkSync(from), to);
      lchownSync(to, Number(like.uid), Number(like.gid));
      continue;
    } else if (!is) {
      mkdirSync(to);
    }
    if (is && is.uid === like.uid && is.gid === like.gid && is.mode === like.mode) continue;
    chownSync(to, Number(like.uid), Number(like.gid));
    chmodSync(to, Number(like.mode & 0o7777n));
  }
  return remember([...wanted.keys()].map((path) => [path, held.get(path) ?? lstatSync(join(at, path), { bigint: true })]));
}

const [WANTED, HELD] = [Buffer.allocUnsafeSlow(256 * 1024), Buffer.allocUnsafeSlow(256 * 1024)];

/** Makes a file hold what another one does. Only what differs is written: of a WAL segment's 16 MB that is little. */
function writeDifference(from: string, to: string): void {
  const [source, target] = [openSync(from, "r"), openSync(to, "r+")];
  try {
    let at = 0;
    for (let n = 0; (n = readSync(source, WANTED, 0, WANTED.length, at)) > 0; at += n) {
      const same = readSync(target, HELD, 0, n, at) === n && WANTED.compare(HELD, 0, n, 0, n) === 0;
      for (let written = same ? n : 0; written < n; ) written += writeSync(target, WANTED, written, n - written, at + written);
    }
    ftruncateSync(target, at);
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

/** The bits of a mode that say what kind of file it is. */
const TYPE = 0o170000n;
