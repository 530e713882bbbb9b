// Rules between the records of several databases: how they are asked of a run's dumps, and whether they can be asked at all.

import { join } from "node:path";
import { HarnessError, messageOf } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import type { System } from "../drill/system.ts";
import { identifier, openDuckDB, parquet, plainPath } from "./duckdb.ts";
import { askLocked, lock } from "./locked.ts";
import { readCsv } from "./pack.ts";
import { dumpFile, packedDump, partFile, type FactsWhen } from "./run-directory.ts";

type Named = { readonly name: string };

/** A rule finds each entity's records by the entity's name. */
export function acrossQuery(when: FactsWhen, rule: string, entities: readonly Named[]): string {
  return `with ${entities.map(({ name }) => `${identifier(name)} as (from ${identifier(`${when}_${name}`)})`).join(", ")} select * from (${rule})`;
}

/** Asks each rule of the records before the migration. @throws HarnessError for one whose query fails on them: what can't be asked before says nothing later */
export async function requireAskable(directory: string, systems: readonly Pick<System, "name" | "entities" | "across">[]): Promise<void> {
  const entities = systems.flatMap((system) => system.entities);
  if (systems.every(({ across }) => across.length === 0)) return;
  await using duckdb = await openDuckDB({ apart: true });
  const run = await plainPath(duckdb, directory);
  const files: string[] = [];
  for (const { name } of entities) {
    files.push(join(run, dumpFile("before", name)), partFile(join(run, packedDump("before", name)), 0));
    const packed = partFile(join(run, packedDump("before", name)), 0);
    const rows = (await exists(packed)) ? `(select * exclude ("#bucket") from ${parquet(packed)})` : await readCsv(join(run, dumpFile("before", name)));
    await duckdb.connection.run(`create view ${identifier(`before_${name}`)} as from ${rows}`);
  }
  await lock(duckdb.connection, files);
  for (const { name, across } of systems) {
    for (const rule of across) {
      try {
        await askLocked(duckdb.connection, `select count(*) from (${acrossQuery("before", rule.query, entities)})`);
      } catch (error) {
        throw new HarnessError({
          code: "across-query-failed", kind: "declaration", place: `system ${name}, across ${rule.name}, before`, cause: error,
          message: `the query of the rule "${rule.name}" between databases fails on the fresh system: ${messageOf(error)}`, remedy: "correct the query: it is DuckDB's SQL, and finds records by their entities' names",
        });
      }
    }
  }
}
