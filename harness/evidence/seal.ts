// The seal: digests of every file of a finished run, and how to check them.

import { readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Below, exists, lookBelow, sha256, writeAtomically } from "../base/files.ts";
import { digestFile, type FileDigest, locate } from "./file-digest.ts";
import { PATHS } from "./run-directory.ts";
import { isSignedBy, type KeyObject, sign } from "./signature.ts";
import { CHAIN_START, type TimelineEntry } from "./timeline.ts";

const hex = z.string().regex(/^[0-9a-f]*$/);
const sealSchema = z.strictObject({
  schema: z.literal("turnback.seal/2"),
  /** SHA-256 of the timeline's last line: fixes the order and number of all events. */
  chainHead: hex,
  /** By file, relative to the run directory. */
  files: z.record(z.string(), z.strictObject({ sha256: hex, bytes: z.number().int(), blocks: hex })),
  /** Over the seal without this field, if a key was given. */
  signature: z.strictObject({ algorithm: z.literal("ed25519"), publicKey: z.string(), fingerprint: hex, value: z.string() }).optional(),
});
export type Seal = z.infer<typeof sealSchema>;

/** Seals a run: afterwards any changed, added, removed or reordered byte shows. With a private ed25519 key, it also shows whose seal it is. */
export async function sealRun(directory: string, chainHead: string, key?: KeyObject): Promise<Seal> {
  const files: Record<string, FileDigest> = {};
  const { files: found, folders } = await lookBelow(directory);
  const needed = new Set(found.flatMap(foldersOf));
  for (const folder of folders.toReversed()) if (!needed.has(folder)) await rmdir(join(directory, folder)); // nothing is in it, and an added one shows
  for (const file of found) {
    if (file !== PATHS.seal) files[file] = await digestFile(join(directory, file));
  }
  const plain: Seal = { schema: "turnback.seal/2", chainHead, files };
  const seal: Seal = key ? { ...plain, signature: sign(textOf(plain), key) } : plain;
  await writeAtomically(join(directory, PATHS.seal), textOf(seal));
  return seal;
}

/** The one form of a seal in a file, its files in the order of their names: a byte that differs from it was changed. */
function textOf(seal: Seal): string {
  const names = Object.keys(seal.files).sort();
  return `${JSON.stringify({ ...seal, files: Object.fromEntries(names.map((name) => [name, seal.files[name]])) }, null, 1)}\n`;
}

export type Breach = { readonly file: string; readonly line?: number; readonly what: string };
export type Verification = { readonly breaches: readonly Breach[]; /** Fingerprint of the key that signed, if one did. */ readonly signedBy?: string };

/** Compares a run with its seal; no breach means that it is as it was sealed. With a public key, the seal must also be signed by its owner. */
export async function verifySeal(directory: string, key?: KeyObject): Promise<Verification> {
  const file = join(directory, PATHS.seal);
  if (!(await exists(file))) return { breaches: [{ file: PATHS.seal, what: "there is no seal: the run did not end, or the seal was removed" }] };
  const below = await lookBelow(directory);
  const odd = below.odd.map(({ path, what }): Breach => ({ file: path, what: `is ${what}: a run holds plain files alone, and what is behind it was not read` }));
  if (odd.some((breach) => breach.file === PATHS.seal)) return { breaches: odd };
  const text = await readFile(file, "utf8");
  const seal = parse(text);
  if (!seal) return { breaches: [{ file: PATHS.seal, what: "this is no seal: it was changed, or is of another version" }] };
    const breaches = [...odd, ...(await compareFiles(directory, seal, below)), ...(odd.some((breach) => breach.file === PATHS.timeline) ? [] : await verifyChain(directory, seal.chainHead))];
  if (textOf(seal) !== text) breaches.push({ file: PATHS.seal, what: "the seal itself was changed: it is not in the form in which it was written" });
  const { signature, ...plain } = seal;
  if (!signature) return { breaches: key ? [...breaches, { file: PATHS.seal, what: "the seal is not signed" }] : breaches };
  if (!isSignedBy(textOf(plain), signature)) breaches.push({ file: PATHS.seal, what: "the signature is not of this seal" });
  else if (key && !isSignedBy(textOf(plain), signature, key)) breaches.push({ file: PATHS.seal, what: `the seal is signed by another key, ${signature.fingerprint}` });
  return { breaches, signedBy: signature.fingerprint };
}

function parse(text: string): Seal | undefined {
  try {
    return sealSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // said by the caller, as a breach
  }
}

/** The folders above a file. */
const foldersOf = (file: string) => file.split("/").slice(0, -1).map((_, depth, names) => names.slice(0, depth + 1).join("/"));

async function compareFiles(directory: string, seal: Seal, below: Below): Promise<Breach[]> {
  const breaches: Breach[] = [];
  const present = new Set(below.files.filter((file) => file !== PATHS.seal));
  const toldAlready = new Set(below.odd.map(({ path }) => path));
  const folders = new Set(Object.keys(seal.files).flatMap(foldersOf));
  for (const folder of below.folders) if (!folders.has(folder)) breaches.push({ file: `${folder}/`, what: "a folder that was added since the seal" });
  for (const [file, sealed] of Object.entries(seal.files)) {
    if (toldAlready.has(file)) continue;
    if (!present.delete(file)) breaches.push({ file, what: "removed since the seal" });
    else {
      const now = await digestFile(join(directory, file));
      if (JSON.stringify(now) !== JSON.stringify(sealed)) breaches.push({ file, ...(await locate(join(directory, file), sealed, now)) });
    }
  }
  for (const file of present) breaches.push({ file, what: "added since the seal" });
  return breaches;
}

/** Follows the hash chain and names the first line that doesn't fit. */
export async function verifyChain(directory: string, chainHead: string): Promise<Breach[]> {
  const file = join(directory, PATHS.timeline);
  const lines = (await exists(file)) ? (await readFile(file, "utf8")).split("\n").filter((line) => line !== "") : [];
  let head = CHAIN_START;
  for (const [index, line] of lines.entries()) {
    let prev: unknown;
    try {
      prev = (JSON.parse(line) as TimelineEntry).prev;
    } catch {
      prev = undefined; // not JSON any more: the chain is broken here all the same
    }
    if (prev !== head) {
      return [{ file: PATHS.timeline, line: index + 1, what: `the chain breaks: line ${index + 1} does not follow line ${index}` }];
    }
    head = sha256(line);
  }
  return head === chainHead ? [] : [{ file: PATHS.timeline, line: lines.length, what: "the chain ends elsewhere than the seal says: the last lines were changed, added or removed" }];
}

