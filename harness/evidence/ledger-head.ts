// The first lines of the ledger while it is being written: for who must know something early. The judge reads all of it.

import { open } from "node:fs/promises";
import { codeOf } from "../base/errors.ts";
import { PATHS, type EvidenceWriter } from "./run-directory.ts";

export type Intent = { readonly seq: number; readonly op: string; readonly effects: readonly { readonly entity: string; readonly key: string; readonly kind: string }[] };
export type Outcome = { readonly seq: number; readonly outcome: string; readonly code: string; readonly error?: string };
export type LedgerHead = { readonly intents: readonly Intent[]; readonly outcomes: readonly Outcome[] };

/** Of each of the two files. */
const MOST_BYTES = 4 * 1024 ** 2;

export async function ledgerHead(evidence: Pick<EvidenceWriter, "path">): Promise<LedgerHead> {
  return { intents: await lines<Intent>(evidence.path(PATHS.intents)), outcomes: await lines<Outcome>(evidence.path(PATHS.outcomes)) };
}

/** Whole ones; none where there is no file. */
async function lines<T>(path: string): Promise<T[]> {
  const file = await open(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined; // no operation was begun
    throw error;
  });
  if (!file) return [];
  await using opened = file;
  const { buffer, bytesRead } = await opened.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
  const text = buffer.toString("utf8", 0, bytesRead);
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}
