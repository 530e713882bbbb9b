// Every place that a command will write to is tried before it begins: what it finds out must not be lost at its end.

import { constants } from "node:fs";
import { mkdir, open, realpath, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { ROOT, writeAtomically } from "../base/files.ts";
import { inShort } from "../base/quoted.ts";
import { declarationError } from "../drill/parse.ts";

/** Options that name a file that is written. */
const FILES = ["junit", "markdown", "svg", "output"] as const;
type Places = { readonly runs?: string } & { readonly [option in (typeof FILES)[number]]?: string };

/** Commands that need room for what they work on. */
const TEMPORARY: ReadonlySet<string> = new Set(["run", "compare", "suite", "sweep", "judge", "query", "report", "clean"]);

/** @throws HarnessError `place-unwritable`, exit code 4, that says which place, why, and what to do; exit code 3 for one file that is to hold two reports */
export async function expectPlaces(command: string, places: Places): Promise<void> {
  const made: string[] = [];
  try {
    await tryAll(command, places, made);
  } finally {
    // A command that is refused leaves nothing; somebody else may have put something there by now.
    for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined);
  }
}

async function tryAll(command: string, places: Places, made: string[]): Promise<void> {
  expectHere();
  if (TEMPORARY.has(command)) await expectTemporary();
  if (places.runs !== undefined) {
    await tryFolder(places.runs, "--runs", "give a folder that this user may write to with --runs", made);
    await tryFolder(join(ROOT, ".cache", "live"), "the cache", "let this user write to .cache in turnback's folder", made);
  }
  const named = FILES.flatMap((option) => (places[option] === undefined ? [] : [{ option: `--${option}`, file: places[option] }]));
  for (const [i, { option, file }] of named.entries()) {
    if (file === "") throw declarationError(option, `${option}: no file is named`, "give it a file, or leave it out");
    const twice = named.slice(0, i).find((other) => resolve(other.file) === resolve(file));
    if (twice) throw declarationError(option, `${option} and ${twice.option} name the same file ${inShort(file)}`, "give each a file of its own");
    await tryFile(file, option);
  }
}

/** Whoever stands in a folder that was removed can name no file; and Node takes a * on the way to a package for something else. */
function expectHere(): void {
  if (ROOT.includes("*")) throw unwritable("turnback's folder", `turnback lies in ${inShort(ROOT, 200)}, and Node loads no packages from a path with * in it`, "move or rename that folder");
  if (Buffer.byteLength(ROOT) > LONGEST) throw unwritable("turnback's folder", `turnback's folder has a path of ${Buffer.byteLength(ROOT)} bytes, and PostgreSQL can't work below more than ${LONGEST}`, "move it up");
  try {
    process.cwd();
  } catch (error) {
    throw unwritable("the folder that you are in", "the folder that you are in is gone", "cd to one that is there", error);
  }
}

/** PostgreSQL takes paths of 1,023 bytes, and its own below its folder are some hundred. */
const LONGEST = 800;

/** Where temporary files go: what the system says, by TMPDIR. */
export async function expectTemporary(): Promise<void> {
  const remedy = "set TMPDIR to a folder that is there, by its whole path, with room in it";
  if (/[\u0000-\u001f\u007f]/.test(tmpdir())) throw unwritable("TMPDIR", `TMPDIR is ${inShort(tmpdir(), 200)}, and PostgreSQL keeps the paths of its files line by line`, remedy);
  if (Buffer.byteLength(tmpdir()) > LONGEST) throw unwritable("TMPDIR", `TMPDIR is ${Buffer.byteLength(tmpdir())} bytes long, and PostgreSQL can't work below more than ${LONGEST}`, remedy);
  if (!isAbsolute(tmpdir())) throw unwritable("TMPDIR", `TMPDIR is ${inShort(tmpdir())}, which depends on where one stands`, remedy);
  await tryFolder(tmpdir(), "TMPDIR", remedy);
}

/** Writes a report. @param again what brings it about once more @throws HarnessError, exit code 4 */
export async function writeReport(file: string, text: string, again: string): Promise<void> {
  try {
    const there = await stat(file).catch(() => undefined);
    if (there && !there.isFile()) return await writeFile(file, text); // a device, or a pipe that somebody reads
    const target = there ? await realpath(file) : resolve(file);
    await writeAtomically(target, text).catch((error: unknown) => { // in a folder of somebody else, a file may be ours
      if (!there || !["EACCES", "EPERM"].includes(codeOf(error) ?? "")) throw error;
      return writeFile(target, text);
    });
  } catch (error) {
    throw new HarnessError({ code: "report-unwritten", kind: "environment", place: file, message: `${inShort(file)} can't be written: ${messageOf(error)}`, remedy: again, cause: error });
  }
}

const unwritable = (place: string, message: string, remedy: string, cause?: unknown) => new HarnessError({ code: "place-unwritable", kind: "environment", place, message, remedy, cause });

/** As much as a file system must take, for it may be full. */
const TRIED = Buffer.alloc(64 * 1024, ".");

/** @param made where it is given, the folder is made, and what was made is noted there */
async function tryFolder(folder: string, called: string, remedy: string, made?: string[]): Promise<void> {
  const shown = inShort(folder, 200);
  try {
    if (made) await makeFolder(resolve(folder), made);
    if (!(await stat(folder)).isDirectory()) throw unwritable(called, `${called}: ${shown} is no folder`, remedy);
    const tried = join(folder, `.turnback-${process.pid}-${crypto.randomUUID().slice(0, 8)}`);
    try {
      await writeFile(tried, TRIED, { flag: "wx", mode: 0o600 });
    } finally {
      await rm(tried, { force: true });
    }
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    throw unwritable(called, `${called}: ${whyNot(shown, error)}`, remedy, error);
  }
}

/** With those above it, each told. Node's own way of doing so never ends where a file system takes no folders, as /proc. */
async function makeFolder(folder: string, made: string[]): Promise<void> {
  if (await stat(folder).then(() => true, (error: unknown) => codeOf(error) !== "ENOENT")) return; // what else is wrong, comes to light by writing
  await makeFolder(dirname(folder), made);
  await mkdir(folder).then(() => made.push(folder), (error: unknown) => { if (codeOf(error) !== "EEXIST") throw error; });
}

function whyNot(shown: string, error: unknown): string {
  switch (codeOf(error)) {
    case "ENOENT": return `there is no folder ${shown}`;
    case "EEXIST": case "ENOTDIR": return `${shown} is no folder, or lies below what is none`;
    case "EACCES": case "EPERM": return `this user may not write to ${shown}`;
    case "EROFS": return `${shown} is on a file system that is read only`;
    case "ENOSPC": case "EDQUOT": return `there is no room left in ${shown}`;
    case "ENAMETOOLONG": return `${shown} is too long for a path`;
    case "ELOOP": return `${shown} is a link that leads in a circle`;
    default: return `${shown} can't be written to: ${messageOf(error)}`;
  }
}

async function tryFile(file: string, option: string): Promise<void> {
  const shown = inShort(file, 200);
  const remedy = `give ${option} a file in a folder that is there, and that this user may write to`;
  const there = await stat(file).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw unwritable(option, `${option}: ${whyNot(shown, error)}`, remedy, error);
  });
  if (there?.isDirectory()) throw unwritable(option, `${option}: ${shown} is a folder`, remedy);
  if (!there) return tryFolder(dirname(resolve(file)), option, remedy);
  try {
    await using handle = await open(file, constants.O_WRONLY | constants.O_NONBLOCK); // which waits for nobody at a pipe
    if (!there.isFile()) return;
    await handle.stat();
  } catch (error) {
    throw unwritable(option, codeOf(error) === "ENXIO" ? `${option}: nobody reads the pipe ${shown}` : `${option}: ${whyNot(shown, error)}`, remedy, error);
  }
  await tryFolder(dirname(resolve(file)), option, remedy).catch((error: unknown) => {
    if (codeOf((error as HarnessError).cause) === "ENOSPC") throw error; // the file itself may be written to
  });
}
