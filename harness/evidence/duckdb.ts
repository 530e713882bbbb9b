// DuckDB as it is used here: in memory, bounded, without a network, with a folder to spill to.

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownIdentity, stillRuns } from "../base/process.ts";

export type DuckDB = AsyncDisposable & {
  /** On one thread, which is quickest for the runs of most drills. */
  readonly connection: DuckDBConnection;
  /** Takes two threads from now on: worth their while for many rows. */
  readonly forMuch: () => Promise<void>;
  /** A folder of its own, gone with it: what doesn't fit into memory spills there, never into a run. */
  readonly scratch: string;
};

/** The name of a scratch folder says whose it is. */
const SCRATCH = /^tb-duckdb-(\d+)-(\d+)-/;

/** Scratch folders of processes that are gone: only a killed one leaves any. */
export async function abandonedScratch(): Promise<string[]> {
  return (await readdir(tmpdir())).flatMap((name) => {
    const [, pid, startTicks] = SCRATCH.exec(name) ?? [];
    return pid === undefined || stillRuns({ pid: Number(pid), startTicks: Number(startTicks) }) ? [] : [join(tmpdir(), name)];
  });
}

export async function openDuckDB(): Promise<DuckDB> {
  const { pid, startTicks } = ownIdentity();
  const scratch = await mkdtemp(join(tmpdir(), `tb-duckdb-${pid}-${startTicks}-`));
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1", memory_limit: "700MB", temp_directory: join(scratch, "spill"), preserve_insertion_order: "false",
    autoinstall_known_extensions: "false", autoload_known_extensions: "false", // no socket is ever opened
  });
  const connection = await instance.connect();
  return {
    connection, scratch,
    forMuch: async () => { await connection.run("set threads = 2"); },
    [Symbol.asyncDispose]: async () => {
      connection.closeSync();
      instance.closeSync();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** A literal of DuckDB's SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name of DuckDB's SQL. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
