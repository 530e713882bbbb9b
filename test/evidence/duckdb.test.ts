// Scratch folders: one for each open database, and none that a killed judge left is forgotten.

import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ownIdentity } from "../../harness/base/process.ts";
import { exists } from "../../harness/base/files.ts";
import { abandonedScratch, openDuckDB } from "../../harness/evidence/duckdb.ts";

test("scratch of processes that are gone is found, and none of one that runs", async () => {
  const { pid, startTicks } = ownIdentity();
  const left = join(tmpdir(), `tb-duckdb-${pid}-${startTicks + 1}-test`); // the same id, and another process
  await mkdir(left);
  try {
    const database = await openDuckDB();
    const found = await abandonedScratch();
    expect(found).toContain(left);
    expect(found).not.toContain(database.scratch);
    await database[Symbol.asyncDispose]();
    expect(await exists(database.scratch)).toBe(false);
  } finally {
    await rm(left, { recursive: true });
  }
});
