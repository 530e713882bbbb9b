// Files: digests, atomic writes, and lines read as a stream.

import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync, type Dirent } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { partialOf } from "./owner.ts";
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
  const temporary = join(dirname(path), partialOf(".tb"));
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export type Below = {
  /** Plain files. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** What is neither: a link may lead anywhere, and a pipe never ends. */
  readonly odd: readonly { readonly path: string; readonly what: string }[];
};

/** What lies below a folder, by paths relative to it, in their order. */
export async function lookBelow(directory: string): Promise<Below> {
  const entries = (await readdir(directory, { recursive: true, withFileTypes: true }))
    .map((entry) => ({ entry, path: relative(directory, join(entry.parentPath, entry.name)) })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const paths = (which: (entry: Dirent) => boolean) => entries.filter(({ entry }) => which(entry)).map(({ path }) => path);
  return {
    files: paths((entry) => entry.isFile()), folders: paths((entry) => entry.isDirectory()),
    odd: entries.filter(({ entry }) => !entry.isFile() && !entry.isDirectory()).map(({ entry, path }) => ({ path, what: entry.isSymbolicLink() ? "a link" : entry.isFIFO() ? "a pipe" : entry.isSocket() ? "a socket" : "a device" })),
  };
}

/** Every file below a folder, links and the like as well. */
export async function filesBelow(directory: string): Promise<string[]> {
  const { files, odd } = await lookBelow(directory);
  return [...files, ...odd.map(({ path }) => path)].sort();
}

const TAIL_BYTES = 256 * 1024;

/** The end of a text file, however large it is; nothing where there is none. @param since leaves out what was there up to then */
export function tailOf(path: string, { since = 0, bytes = TAIL_BYTES }: { readonly since?: number; readonly bytes?: number } = {}): string {
  if (!existsSync(path)) return "";
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.max(0, Math.min(size - since, bytes)));
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, size - buffer.length));
  } finally {
    closeSync(file);
  }
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
