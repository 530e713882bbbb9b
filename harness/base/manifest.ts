// What a folder that is kept for later holds, file by file: so that whoever takes it up again knows whether it is whole.

import { createHash } from "node:crypto";
import { chmodSync, chownSync, closeSync, lstatSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { codeOf } from "./errors.ts";

const entry = z.object({ mode: z.number(), uid: z.number(), gid: z.number(), size: z.number(), digest: z.string(), /** Its inode and change time: a file that has them still holds what it held. */ stamp: z.string() });
const form = z.object({ schema: z.literal("turnback.kept/1"), files: z.record(z.string(), entry) });
export type Manifest = z.infer<typeof form>;
type Entry = z.infer<typeof entry>;

/** Of everything below a folder, the folder itself as ".". */
export function manifestOf(folder: string): Manifest {
  return { schema: "turnback.kept/1", files: Object.fromEntries([...listed(folder)].map(([path, stats]) => [path, { ...plain(stats), digest: digestOf(join(folder, path), stats), stamp: stampOf(stats) }])) };
}

/** Undefined where there is none, or none in its form. */
export function readManifest(file: string): Manifest | undefined {
  try {
    return form.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What is not as it was: `wrong` says what no repair brings back, `rights` which files have other rights or owners; `anew` where files were copied, and hold what they held. */
export type Compared = { readonly wrong?: string; readonly rights: readonly string[]; readonly anew?: Manifest };

/** Looks at each file's rights, size and stamp, and into those whose stamp is another one. */
export function compareWith(folder: string, { files }: Manifest): Compared {
  const rights: string[] = [];
  const stamps: Record<string, Entry> = {};
  const there = listed(folder);
  const lost = Object.keys(files).find((path) => !there.has(path));
  if (lost !== undefined) return { rights, wrong: `${lost} is missing` };
  for (const [path, stats] of there) {
    const was = files[path];
    if (!was) return { rights, wrong: `${path} was added` };
    const is = plain(stats);
    if ((is.mode & KIND) !== (was.mode & KIND) || (stats.isFile() && is.size !== was.size)) return { rights, wrong: `${path} was changed` };
    const odd = is.mode !== was.mode || is.uid !== was.uid || is.gid !== was.gid;
    if (odd) rights.push(path);
    if (stampOf(stats) === was.stamp || stats.isDirectory()) continue;
    if (digestOf(join(folder, path), stats) !== was.digest) return { rights, wrong: `${path} was changed` };
    stamps[path] = { ...was, stamp: stampOf(stats) };
  }
  return { rights, ...(Object.keys(stamps).length > 0 && { anew: { schema: "turnback.kept/1", files: { ...files, ...stamps } } }) };
}

/** Gives files the rights and the owners that they had. @throws what the system says to a user who may not */
export function giveRights(folder: string, { files }: Manifest, paths: readonly string[]): void {
  for (const path of paths) {
    const { mode, uid, gid } = files[path] as Entry;
    chownSync(join(folder, path), uid, gid);
    if ((mode & KIND) !== LINK) chmodSync(join(folder, path), mode & 0o7777);
  }
}

/** The bits of a mode that say what kind of file it is. */
const KIND = 0o170000;
const LINK = 0o120000;

const plain = (stats: BigIntStats) => ({ mode: Number(stats.mode), uid: Number(stats.uid), gid: Number(stats.gid), size: stats.isFile() ? Number(stats.size) : 0 });
const stampOf = ({ ino, ctimeNs }: BigIntStats) => `${ino} ${ctimeNs}`;

function listed(root: string): Map<string, BigIntStats> {
  const found = new Map<string, BigIntStats>();
  const look = (path: string) => {
    const stats = lstatSync(join(root, path), { bigint: true });
    found.set(path, stats);
    if (stats.isDirectory()) for (const name of readdirSync(join(root, path))) look(path === "." ? name : `${path}/${name}`);
  };
  look(".");
  return found;
}

const PIECE = Buffer.allocUnsafeSlow(1024 ** 2);

function digestOf(path: string, stats: BigIntStats): string {
  const hash = createHash("sha256");
  if (stats.isSymbolicLink()) return hash.update(readlinkSync(path)).digest("hex");
  if (!stats.isFile()) return "";
  const file = openSync(path, "r");
  try {
    for (let n = 0; (n = readSync(file, PIECE)) > 0; ) hash.update(PIECE.subarray(0, n));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
