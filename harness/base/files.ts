// Files: digests, atomic writes, and lines read as a stream.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";

/** The repository's root; every path of ours hangs from it. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** Where Node keeps what it has compiled of the programs that we start: they start sooner the next time. */
export const COMPILED = { NODE_COMPILE_CACHE: join(ROOT, ".cache", "node-compile") };

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Writes beside the target and renames, so that a reader never sees half a file. */
export async function writeAtomically(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Every file below a directory, as sorted relative paths with `/`. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/** The plain files below a folder, without links, pipes and the like. */
export async function plainBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(directory, join(entry.parentPath, entry.name))).sort();
}

/** The folders below a folder, relative to it. */
export async function foldersBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => relative(directory, join(entry.parentPath, entry.name))).sort();
}

/** What lies below a folder and is neither a plain file nor a folder, with what it is: a link may lead anywhere, and a pipe never ends. */
export async function notPlainBelow(directory: string): Promise<{ readonly path: string; readonly what: string }[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isFile() && !entry.isDirectory()).map((entry) => ({
    path: relative(directory, join(entry.parentPath, entry.name)),
    what: entry.isSymbolicLink() ? "a link" : entry.isFIFO() ? "a pipe" : entry.isSocket() ? "a socket" : "a device",
  }));
}

/** The lines of a text file, without their ends. */
export function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity });
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );
}
