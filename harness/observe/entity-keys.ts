// Each record of an entity has a name of its own: otherwise nobody can say which of them is gone.

import pg from "pg";
import { HarnessError } from "../base/errors.ts";
import type { Entity, System } from "../drill/system.ts";
import type { Column } from "../evidence/values.ts";
import { askOne } from "./asking.ts";

const EXAMPLES = 3;

/** @throws HarnessError, exit code 3, when on the fresh system a key is missing, null or repeated, before any load starts */
export async function requireKeys(client: pg.Client, system: System, entity: Entity, columns: readonly Column[]): Promise<void> {
  const wrong = (what: string, remedy: string) => new HarnessError({
    code: "entity-key-invalid", kind: "declaration", place: `system ${system.name}, entity ${entity.name}, key`,
    message: `the key ${entity.key} of entity ${entity.name} in system ${system.name} ${what}`, remedy,
  });
  const names = columns.map(({ name }) => name);
  if (!names.includes(entity.key)) throw wrong(`is no column of its query, which has ${names.join(", ")}`, "name a column of the query");
  const missing = [...entity.counters, ...(entity.list === undefined ? [] : [entity.list])].filter((field) => !names.includes(field));
  if (missing.length > 0) throw wrong(`is right, but its query has no column ${missing.join(", ")}`, "name a column of the query");
  const key = `(${pg.escapeIdentifier(entity.key)}::text collate pg_catalog."C")`; // as it is dumped: a and A are two, whatever the column's collation says
  const { rows } = await askOne<{ key: string | null; n: string }>(client, `select pg_catalog.left(${key}, 100) as key, pg_catalog.count(*) as n
    from (${entity.before}\n) records group by ${key} having ${key} is null or pg_catalog.count(*) > 1 order by 2 desc, 1 limit ${EXAMPLES}`);
  if (rows.length === 0) return;
  const examples = rows.map(({ key: value, n }) => (value === null ? `null in ${n} records` : `${value} names ${n} records`)).join(", ");
  throw wrong(`doesn't name each record of the fresh system: ${examples}`, "choose a column that is never null and never repeated, or correct the query");
}
