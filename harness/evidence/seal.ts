// The seal: digests of every file of a finished run, and how to check them.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exists, filesBelow, sha256, sha256File, writeAtomically } from "../base/files.ts";
import { PATHS, readJson } from "./run-directory.ts";
import { CHAIN_START, type TimelineEntry } from "./timeline.ts";

export type Seal = {
  readonly schema: "turnback.seal/1";
  /** SHA-256 of the timeline's last line: fixes the order and number of all events. */
  readonly chainHead: string;
  /** SHA-256 by file, relative to the run directory. */
  readonly files: Readonly<Record<string, string>>;
};

/** Seals a run: afterwards any changed, added or removed byte shows. */
export async function sealRun(directory: string, chainHead: string): Promise<Seal> {
  const files: Record<string, string> = {};
  for (const file of await filesBelow(directory)) {
    if (file !== PATHS.seal) files[file] = await sha256File(join(directory, file));
  }
  const seal: Seal = { schema: "turnback.seal/1", chainHead, files };
  await writeAtomically(join(directory, PATHS.seal), `${JSON.stringify(seal, null, 2)}\n`);
  return seal;
}

export type Breach = { readonly file: string; readonly line?: number; readonly what: string };

/** Compares a run with its seal; an empty list means that it is as it was sealed. */
export async function verifySeal(directory: string): Promise<Breach[]> {
  const seal = await readJson<Seal>(directory, PATHS.seal);
  if (!seal) return [{ file: PATHS.seal, what: "there is no seal: the run did not end, or the seal was removed" }];
  const breaches: Breach[] = [];
  const present = new Set((await filesBelow(directory)).filter((file) => file !== PATHS.seal));
  for (const [file, digest] of Object.entries(seal.files)) {
    if (!present.delete(file)) breaches.push({ file, what: "removed since the seal" });
    else if ((await sha256File(join(directory, file))) !== digest) breaches.push({ file, what: "changed since the seal" });
  }
  for (const file of present) breaches.push({ file, what: "added since the seal" });
  if (await exists(join(directory, PATHS.timeline))) breaches.push(...(await verifyChain(directory, seal.chainHead)));
  return breaches;
}

/** Follows the hash chain and names the first line that doesn't fit. */
export async function verifyChain(directory: string, chainHead: string): Promise<Breach[]> {
  const lines = (await readFile(join(directory, PATHS.timeline), "utf8")).split("\n").filter((line) => line !== "");
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
