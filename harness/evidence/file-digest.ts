// A file's digest, and those of its blocks: whether it was changed, and where.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Small enough to point at a dozen lines of a ledger, and large enough that the seal stays a thousandth of it. */
export const BLOCK_BYTES = 4096;
/** Characters kept of a block's digest: it only tells where; that something changed is told by the whole one. */
const BLOCK_DIGEST = 12;

export type FileDigest = { readonly sha256: string; readonly bytes: number; /** The first digits of each block's SHA-256, one after the other. */ readonly blocks: string };

export async function digestFile(path: string): Promise<FileDigest> {
  const whole = createHash("sha256");
  const blocks: string[] = [];
  let bytes = 0;
  for await (const data of createReadStream(path, { highWaterMark: BLOCK_BYTES * 64 })) {
    const chunk = data as Buffer;
    whole.update(chunk);
    // A chunk is a whole number of blocks unless it is the last one: files are read, and pipes are not.
    for (let at = 0; at < chunk.length; at += BLOCK_BYTES) blocks.push(createHash("sha256").update(chunk.subarray(at, at + BLOCK_BYTES)).digest("hex").slice(0, BLOCK_DIGEST));
    bytes += chunk.length;
  }
  return { sha256: whole.digest("hex"), bytes, blocks: blocks.join("") };
}

/** Where a file first differs from what was sealed: bytes, and lines where it has any. */
export async function locate(path: string, sealed: FileDigest, now: FileDigest): Promise<{ readonly line?: number; readonly what: string }> {
  const block = firstDifference(sealed.blocks, now.blocks);
  const from = block * BLOCK_BYTES;
  const by = now.bytes - sealed.bytes;
  const size = by === 0 ? "its length is the same" : `it is ${Math.abs(by).toLocaleString("en-US")} ${Math.abs(by) === 1 ? "byte" : "bytes"} ${by > 0 ? "longer" : "shorter"}`;
  if (now.sha256 === sealed.sha256) return { what: "the seal's own entry was changed: the file is as it was sealed" };
  const lines = await linesBefore(path, from, Math.min(from + BLOCK_BYTES, now.bytes));
  if (!lines) return { what: `changed since the seal: first between bytes ${from.toLocaleString("en-US")} and ${(from + BLOCK_BYTES).toLocaleString("en-US")}; ${size}` };
  return { line: lines.first, what: `changed since the seal: first between lines ${lines.first.toLocaleString("en-US")} and ${lines.last.toLocaleString("en-US")}; ${size}` };
}

function firstDifference(a: string, b: string): number {
  let block = 0;
  while (a.slice(block * BLOCK_DIGEST, (block + 1) * BLOCK_DIGEST) === b.slice(block * BLOCK_DIGEST, (block + 1) * BLOCK_DIGEST) && block * BLOCK_DIGEST < a.length) block++;
  return block;
}

/** Numbers of the lines that the bytes [from, to) touch; undefined for a file that is not text. */
async function linesBefore(path: string, from: number, to: number): Promise<{ readonly first: number; readonly last: number } | undefined> {
  if (/\.(zst|parquet|png|zip)$/.test(path)) return undefined;
  let at = 0;
  let [first, last] = [1, 1];
  for await (const data of createReadStream(path, { end: Math.max(0, to - 1) })) {
    for (const byte of data as Buffer) {
      if (byte === 10) {
        if (at < from) first++;
        if (at < to - 1) last++;
      }
      at++;
    }
  }
  return { first, last };
}
