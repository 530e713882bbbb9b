// Databases of one process know nothing of each other, and what they leave on disk is gone with them; what a killed judge left is found.

import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { partialOf } from "../../harness/base/owner.ts";
import { ownIdentity } from "../../harness/base/process.ts";
import { exists, ROOT } from "../../harness/base/files.ts";
import { literal, openDuckDB } from "../../harness/evidence/duckdb.ts";
import { abandonedParts } from "../../harness/topology/cache.ts";
import { temporaryFolder } from "../support/drills.ts";

test("scratch of processes that are gone is found, and none of one that runs", async () => {
  const { pid, startTicks } = ownIdentity();
  const left = partialOf(join(tmpdir(), "tb-duckdb")).replace(`${pid}-${startTicks}-`, `${pid}-${startTicks + 1}-`); // the same id, and another process
  await mkdir(left);
  try {
    const database = await openDuckDB();
    const found = (await abandonedParts()).map(({ path }) => path);
    expect(found).toContain(left);
    expect(found).not.toContain(database.scratch);
    await database[Symbol.asyncDispose]();
    expect(await exists(database.scratch)).toBe(false);
  } finally {
    await rm(left, { recursive: true });
  }
});

test("two databases at once, and one after another, know nothing of each other", async () => {
  const tables = async ({ connection }: Awaited<ReturnType<typeof openDuckDB>>) => (await connection.runAndReadAll("select table_name from duckdb_tables() where database_name = current_database() or temporary order by all")).getRowsJS().flat();
  const one = await openDuckDB();
  await using other = await openDuckDB();
  for (const [{ connection }, of] of [[one, "one"], [other, "other"]] as const) await connection.run(`create table held as select ${literal(of)} as of; create schema buckets; create temp table noted (n int)`);
  expect((await one.connection.runAndReadAll("select of from held")).getRowsJS()).toEqual([["one"]]);
  await one[Symbol.asyncDispose]();
  expect((await other.connection.runAndReadAll("select of from held")).getRowsJS()).toEqual([["other"]]);
  expect(await tables(other)).toEqual(["held", "noted"]);
  await using next = await openDuckDB();
  expect(await tables(next)).toEqual([]);
});

test("what doesn't fit into memory goes to a folder that is gone when its process is over", async () => {
  await using folder = await temporaryFolder();
  const script = `
    import { readdir } from "node:fs/promises";
    import { openDuckDB } from ${JSON.stringify(join(ROOT, "harness/evidence/duckdb.ts"))};
    const database = await openDuckDB();
    await database.connection.run("set memory_limit = '30MB'; create table much as select range as n, hash(range)::varchar as text from range(1000000)");
    console.log((await readdir(${JSON.stringify(folder.path)})).length);
    await database[Symbol.asyncDispose]();
    process.exit();`; // DuckDB itself removes it only where a process ends by itself
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module-typescript", "-e", script], { env: { ...process.env, TMPDIR: folder.path } });
  expect(stdout.trim(), "its scratch, and what spilled").toBe("2");
  expect(await readdir(folder.path)).toEqual([]);
});
