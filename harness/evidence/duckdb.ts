// DuckDB as it is used here: in memory, bounded, without a network, with a folder to spill to.

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { constants, openSync, rmSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { partialOf } from "../base/owner.ts";

export type DuckDB = AsyncDisposable & {
  /** On one thread, which is quickest for the runs of most drills. */
  readonly connection: DuckDBConnection;
  /** Takes two threads from now on: worth their while for many rows. */
  readonly forMuch: () => Promise<void>;
  /** A folder of its own, gone with it. Nothing is ever written into a run, nor does what doesn't fit into memory spill there. */
  readonly scratch: string;
};

/** The name of a scratch folder says whose it is: only a killed process leaves any. */
const scratchName = () => partialOf(join(plainTemporary(), "tb-duckdb"));

/** Characters that DuckDB takes for nothing but themselves, wherever they stand in a path. */
const PLAIN = /^[\w./ -]*$/;
let byDescriptor: string | undefined;

/** The folder for temporary files, by a path that DuckDB takes for no pattern: where its own is one, by a descriptor of it. */
function plainTemporary(): string {
  if (PLAIN.test(tmpdir())) return tmpdir();
  return (byDescriptor ??= `/proc/self/fd/${openSync(tmpdir(), constants.O_RDONLY | constants.O_DIRECTORY)}`);
}

/** One for all that this process opens: to start and end one takes as long as much of what it is asked. */
let engine: Promise<DuckDBInstance> | undefined;
let opened = 0;

function start(spill: string): Promise<DuckDBInstance> {
  return DuckDBInstance.create(":memory:", {
    memory_limit: "700MB", temp_directory: spill, preserve_insertion_order: "false",
    autoinstall_known_extensions: "false", autoload_known_extensions: "false", // no socket is ever opened
  });
}

function startShared(): Promise<DuckDBInstance> {
  const spill = scratchName(); // made when something has to go there, and emptied by who made it
  process.once("exit", () => rmSync(spill, { recursive: true, force: true }));
  return start(spill);
}

/**
 * Opens an empty database of its own. Its memory is its process's: who opens several shares the limit.
 * @param apart with an engine and settings of its own, which can be locked
 */
export async function openDuckDB({ apart = false }: { readonly apart?: boolean } = {}): Promise<DuckDB> {
  const scratch = scratchName();
  await mkdir(scratch, { mode: 0o700 });
  const own = apart ? await start(join(scratch, "spill")) : undefined;
  const connection = await (own ?? (await (engine ??= startShared()))).connect();
  const name = `opened${++opened}`;
  await connection.run(own ? "set threads = 1" : `set threads = 1; attach ':memory:' as ${name}; use ${name}`);
  return {
    connection, scratch,
    forMuch: async () => { await connection.run("set threads = 2"); },
    [Symbol.asyncDispose]: async () => {
      if (!own) await connection.run(`use memory; detach ${name}`);
      connection.closeSync();
      own?.closeSync();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

let linked = 0;

/**
 * Another path of a folder, for DuckDB: it takes signs in names for patterns ([, *, ?), commas for the end of a name, and `outcome=rejected` for a
 * column. What a folder is named is nobody's evidence. The link is gone with the scratch folder.
 */
export async function plainPath(duckdb: Pick<DuckDB, "scratch">, folder: string): Promise<string> {
  const link = join(duckdb.scratch, `folder${linked++}`);
  await symlink(resolve(folder), link, "junction");
  return link;
}

/** Rows of Parquet files, all of whose columns are in the files. @param files paths, or one with * in it */
export const parquet = (...files: readonly string[]) => `read_parquet([${files.map(literal).join(", ")}], hive_partitioning = false)`;

/** A literal of DuckDB's SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A member of a document, as text. By its pointer (RFC 6901): of a path DuckDB can't say what has a quote or a backslash in it, nor nothing, and takes * for
 * all of them.
 */
export const member = (document: string, name: string): string => `(${document} ->> ${literal(`/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)})`;
/** As {@link member}, of the name that a column holds. */
export const memberNamedBy = (document: string, column: string): string => `(${document} ->> ('/' || replace(replace(${column}, '~', '~0'), '/', '~1')))`;

/** A name of DuckDB's SQL. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
