// Each record of an entity has a name of its own: otherwise nobody can say which of them is gone.

import pg from "pg";
import { HarnessError } from "../base/errors.ts";
import { inShort } from "../base/quoted.ts";
import type { Entity, System } from "../drill/system.ts";
import type { Column } from "../evidence/values.ts";
import { askOne } from "./asking.ts";

/** @throws HarnessError, exit code 3, when on the fresh system a key is missing, null or repeated, before any load starts */
export async function requireKeys(client: pg.Client, system: System, entity: Entity, columns: readonly Column[]): Promise<void> {
  const wrong = (what: string, remedy: string) => new HarnessError({
    code: "entity-key-invalid", kind: "declaration", place: `system ${system.name}, entity ${entity.name}, key`,
    message: `the key ${entity.key} of entity ${entity.name} in system ${system.name} ${what}`, remedy,
  });
  const names = columns.map(({ name }) => name);
  if (!names.includes(entity.key)) throw wrong(`is no column of its query, which has ${inShort(names.join(", "), 400)}`, "name a column of the query");
  const missing = [...entity.counters, ...(entity.list === undefined ? [] : [entity.list])].filter((field) => !names.includes(field));
  if (missing.length > 0) throw wrong(`is right, but its query has no column ${missing.join(", ")}`, "name a column of the query");
  const key = `(${pg.escapeIdentifier(entity.key)}::text collate pg_catalog."C")`; // as it is dumped: a and A are two, whatever the column's collation says
  const { rows: [row] } = await askOne<{ none: string; several: string; most: string }>(client, `
    select coalesce(pg_catalog.sum(n) filter (where key is null), 0)::text as none, pg_catalog.count(*) filter (where key is not null and n > 1)::text as several, coalesce(pg_catalog.max(n) filter (where key is not null), 0)::text as most
    from (select ${key} as key, pg_catalog.count(*) as n from (${entity.before}\n) records group by 1) keys`);
  if (row?.none === "0" && row.several === "0") return;
  // How many and not which: whose rows they are nobody knows here.
  const how = [...(row?.none === "0" ? [] : [`it is null in ${row?.none} records`]), ...(row?.several === "0" ? [] : [`${row?.several} of its values name several records, up to ${row?.most}`])].join(", and ");
  throw wrong(`doesn't name each record of the fresh system: ${how}`, "choose a column that is never null and never repeated, or correct the query");
}
