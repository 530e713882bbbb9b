// One query's records as compressed CSV: all of them, or those alone that are not byte for byte as they were kept from before.

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import type pg from "pg";
import copy from "pg-copy-streams";
import { codeOf } from "../base/errors.ts";
import type { Since } from "../evidence/run-directory.ts";
import { afterHeader, SameRecords, type Differing } from "./same-records.ts";

/** A dump from before as it came, in memory, and how many records it has. */
export type Earlier = { readonly csv: Buffer; readonly records: number };

/** Larger ones are not held in memory. */
export const MOST_KEPT_BYTES = 128 * 1024 ** 2;

/** In a folder of kept dumps: an entity's as it came. */
export const keptDump = (folder: string, entity: string) => join(folder, `${entity}.csv`);
/** In the same folder: how many records each has, for those of which every record is one line. */
export const keptCounts = (folder: string) => join(folder, "records.json");

/** Of the folder that was asked for last: who rehearses one drill again and again reads them once. */
let held: { readonly folder: string; readonly dumps: Map<string, Promise<Earlier | undefined>> } = { folder: "", dumps: new Map() };

/** The kept dump of an entity, if there is one to compare with. */
export function earlierDump(folder: string | undefined, entity: string): Promise<Earlier | undefined> {
  if (folder === undefined) return Promise.resolve(undefined);
  if (held.folder !== folder) held = { folder, dumps: new Map() };
  const dump = held.dumps.get(entity) ?? readKept(folder, entity);
  held.dumps.set(entity, dump);
  return dump;
}

async function readKept(folder: string, entity: string): Promise<Earlier | undefined> {
  try {
    const records = (JSON.parse(await readFile(keptCounts(folder), "utf8")) as Readonly<Record<string, number>>)[entity];
    const file = keptDump(folder, entity);
    return records === undefined || (await stat(file)).size > MOST_KEPT_BYTES ? undefined : { csv: await readFile(file), records };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined; // somebody has emptied the cache
    throw error;
  }
}

const compress = () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });

/** Writes what a query gives. */
export async function dumpAll(client: pg.Client, sql: string, file: string): Promise<void> {
  await pipeline(client.query(copy.to(sql)), compress(), createWriteStream(file));
}

/**
 * Writes what is new to one file, and what is gone to another.
 * @returns undefined when the columns are other ones: nothing can be compared then, and all was written to the first
 */
export async function dumpDifference(client: pg.Client, sql: string, { csv, records }: Earlier, files: { readonly changed: string; readonly gone: string }): Promise<Since | undefined> {
  const header = csv.subarray(0, afterHeader(csv));
  const same = new SameRecords(csv, header.length);
  const [changed, gone] = [sink(files.changed), sink(files.gone)];
  const counts = { gone: 0, changed: 0 };
  const tell = async (differing: Differing) => {
    counts.gone += differing.gone.length;
    counts.changed += differing.changed.length;
    if (differing.gone.length > 0) await gone.write(Buffer.concat(differing.gone));
    if (differing.changed.length > 0) await changed.write(Buffer.concat(differing.changed));
  };
  try {
    let alike: boolean | undefined;
    let head: Buffer = Buffer.alloc(0);
    for await (const chunk of client.query(copy.to(sql)) as AsyncIterable<Buffer>) {
      if (alike === true) await tell(same.take(chunk));
      else if (alike === false) await changed.write(chunk);
      else {
        head = Buffer.concat([head, chunk]);
        if (head.length < header.length) continue;
        alike = head.subarray(0, header.length).equals(header);
        if (!alike) await changed.write(head);
        else {
          await Promise.all([changed.write(header), gone.write(header)]);
          await tell(same.take(head.subarray(header.length)));
        }
      }
    }
    if (alike === undefined) await changed.write(head); // less than the first line was
    if (alike) await tell(same.end());
    await Promise.all([changed.end(), gone.end()]);
    return alike ? { records, ...counts } : undefined;
  } catch (error) {
    changed.cut();
    gone.cut();
    throw error;
  }
}

/** A compressed file that is written by and by. */
function sink(file: string) {
  const into = compress();
  const written = pipeline(into, createWriteStream(file));
  written.catch(() => undefined); // who writes or ends it hears of it
  return {
    write: async (data: Buffer) => { if (!into.write(data)) await Promise.race([once(into, "drain"), written]); },
    end: async () => {
      into.end();
      await written;
    },
    cut: () => { into.destroy(); },
  };
}
