// The facts before the migration, kept with the prepared data that they describe.

import { constants, createReadStream } from "node:fs";
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createZstdDecompress } from "node:zlib";
import { sha256 } from "../base/files.ts";
import { packDumps } from "../evidence/pack.ts";
import { dumpFile, type EvidenceWriter } from "../evidence/run-directory.ts";
import { askOne } from "./asking.ts";
import { keptCounts, keptDump, MOST_KEPT_BYTES } from "./dump.ts";
import { captureFacts, type Observed } from "./facts.ts";
import { keepFolder, keptFolder } from "../topology/cache.ts";
import { untilAborted } from "./frame.ts";
import { recordsOf } from "./same-records.ts";
import { findBySearchPath } from "./search-path.ts";

/**
 * Every run starts from a byte-for-byte copy of prepared data, and nobody has been able to
 * write when this is called; so the facts are the same each time, and are captured once. The
 * key covers the data, the queries that describe it, the server's settings, and the code that asks them. Where a query's
 * answer may depend on when it is asked, the facts are captured anew.
 * @returns where the dumps of these facts are kept as they came, unless they were captured just now
 */
export async function baselineFacts(databases: readonly (Observed & { /** Names its data. */ readonly dataKey: string })[], evidence: EvidenceWriter, signal?: AbortSignal): Promise<string | undefined> {
  const described = await Promise.all(databases.map(async ({ client, database, dataKey, system }) => [database, dataKey, system.entities, system.invariants, await settingsOf(client)]));
  const key = sha256(JSON.stringify([described, await ownSource()])).slice(0, 16);
  const shelf = { kind: "facts", name: key, holds: "kept" } as const;
  const anew = (await untilAborted(databases.map(({ reader }) => reader), signal, () => Promise.all(databases.map((observed) => dependsOnTime(observed, evidence))))).includes(true);
  const cached = anew ? undefined : await keptFolder(shelf);
  if (cached !== undefined) {
    await cp(join(cached, "before"), evidence.path("before"), { recursive: true, mode: constants.COPYFILE_FICLONE });
    return join(cached, DUMPS);
  }
  await captureFacts(databases, evidence, "before", { signal });
  if (anew) return undefined;
  const entities = databases.flatMap(({ system }) => system.entities);
  await keepFolder(shelf, async (at) => {
    await cp(evidence.path("before"), join(at, "before"), { recursive: true });
    await keepDumps(at, entities.map(({ name }) => name));
    await packDumps(at, "before", entities); // or each run would do so again
  });
  return undefined;
}

/** Beside the facts: the dumps as they came, which what comes after the way back is compared with. */
const DUMPS = "dumps";

async function keepDumps(folder: string, entities: readonly string[]): Promise<void> {
  await mkdir(join(folder, DUMPS));
  const counts: Record<string, number> = {};
  for (const entity of entities) {
    const csv = await unpacked(join(folder, dumpFile("before", entity)));
    const records = csv && recordsOf(csv);
    if (csv === undefined || records === undefined) continue;
    await writeFile(keptDump(join(folder, DUMPS), entity), csv);
    counts[entity] = records;
  }
  await writeFile(keptCounts(join(folder, DUMPS)), JSON.stringify(counts));
}

/** A dump as it came, unless it is too large to be held. */
async function unpacked(file: string): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of createReadStream(file).pipe(createZstdDecompress()) as AsyncIterable<Buffer>) {
    if ((bytes += chunk.length) > MOST_KEPT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What the server was told when it started, but for where it is and where its files are: these are other ones in each run. */
async function settingsOf(client: Observed["client"]): Promise<unknown> {
  const { rows } = await client.query(`select pg_catalog.version() as version, array(
    select name || '=' || setting from pg_catalog.pg_settings where source in ('command line', 'configuration file') and name not in ('port', 'listen_addresses') and setting not like '%/%' order by name) as settings`);
  return rows;
}

/** Functions of PostgreSQL's own whose answer depends on when they are asked, as plans print them; and texts that are dates. */
const TIMELY = /\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|age|random\w*|gen_random_uuid|uuidv[47]|txid_\w+|pg_\w+)\(|\b(CURRENT_(DATE|TIME)|LOCALTIME)/;
const DATES = /'(now|today|tomorrow|yesterday)'/i;

/** Whether some query asks what isn't in the data alone. Plans show what is inside views; of functions of the system's own, only the immutable are trusted. */
export async function dependsOnTime({ reader: client, system, database }: Observed, evidence: EvidenceWriter): Promise<boolean> {
  const queries = [...system.entities.map(({ before }) => before), ...system.invariants.map(({ query }) => query)];
  if (queries.some((query) => DATES.test(query))) return true;
  await client.query("begin read only");
  try {
    await findBySearchPath(client, evidence, "before", database);
    const { rows } = await client.query<{ name: string }>("select distinct proname as name from pg_catalog.pg_proc where oid >= 16384 and provolatile <> 'i'");
    const own = new Set(rows.map(({ name }) => name));
    for (const query of queries) {
      await client.query("savepoint plan");
      try {
        const plan = (await askOne<{ "QUERY PLAN": string }>(client, `explain (verbose, costs off) ${query}`)).rows.map((row) => row["QUERY PLAN"]).join("\n");
        if (TIMELY.test(plan) || [...plan.matchAll(/([\w$]+)"?\(/g)].some(([, name = ""]) => own.has(name))) return true;
        await client.query("release savepoint plan");
      } catch {
        await client.query("rollback to savepoint plan"); // whoever asks it says what is wrong with it
        return true;
      }
    }
    return false;
  } finally {
    await client.query("rollback");
  }
}

/** Of what asks for facts, and of what keeps them. */
async function ownSource(): Promise<string[]> {
  const rooms = [import.meta.dirname, join(import.meta.dirname, "../evidence")];
  const files = await Promise.all(rooms.map(async (room) => (await readdir(room, { recursive: true })).filter((file) => file.endsWith(".ts")).sort().map((file) => join(room, file))));
  return Promise.all(files.flat().map((file) => readFile(file, "utf8")));
}
