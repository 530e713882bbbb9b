// The facts before the migration, kept with the prepared data that they describe.

import { constants } from "node:fs";
import { cp, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, exists, sha256 } from "../base/files.ts";
import type { EvidenceWriter } from "../evidence/run-directory.ts";
import { captureFacts, type Observed } from "./facts.ts";

/**
 * Every run starts from a byte-for-byte copy of prepared data, and nobody has been able to
 * write when this is called; so the facts are the same each time, and are captured once. The
 * key covers the data, the queries that describe it, and the code that asks them.
 */
export async function baselineFacts(databases: readonly (Observed & { /** Names its data. */ readonly dataKey: string })[], evidence: EvidenceWriter): Promise<void> {
  const described = databases.map(({ database, dataKey, system }) => [database, dataKey, system.entities, system.invariants]);
  const key = sha256(JSON.stringify([described, await ownSource()])).slice(0, 16);
  const cached = join(ROOT, ".cache", "facts", key);
  if (await exists(cached)) {
    await cp(cached, evidence.path("before"), { recursive: true, mode: constants.COPYFILE_FICLONE });
    return;
  }
  await captureFacts(databases, evidence, "before");
  const partial = `${cached}.${process.pid}.partial`;
  await mkdir(join(cached, ".."), { recursive: true });
  await cp(evidence.path("before"), partial, { recursive: true });
  try {
    await rename(partial, cached);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(cached))) throw error; // else another run was faster
  }
}

async function ownSource(): Promise<string[]> {
  const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith(".ts")).sort();
  return Promise.all(files.map((file) => readFile(join(import.meta.dirname, file), "utf8")));
}
