// What the ledger tells that clients did to each entity, and to the columns that its fields show.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier } from "../evidence/duckdb.ts";
import type { UnreadColumn } from "./run-record.ts";
import { recordedFields } from "./suspects.ts";

/** So many effects of each kind are told of an entity; and so many updates of each field, by its name in lower case. */
export type Told = { readonly insert: number; readonly update: number; readonly delete: number; readonly fields: ReadonlyMap<string, number> };

/** By entity: a refused operation did nothing. */
export async function toldOf(database: EvidenceDatabase): Promise<ReadonlyMap<string, Told>> {
  const fields = await recordedFields(database);
  const update = "kind in ('update', 'add')";
  // A field that is set to null is none of those that have a value: where there may be one, it may be any.
  const counts = fields.map((field, i) => `, (count(*) filter (${update} and ("#set".${identifier(field)} is not null or value::varchar like '%null%')))::double as f${i}`).join("");
  const rows = await database.rows(`select entity, (count(*) filter (kind = 'insert'))::double as "insert", (count(*) filter (${update}))::double as "update", (count(*) filter (kind = 'delete'))::double as "delete"${counts}
    from buckets.effects where outcome <> 'rejected' group by entity`);
  return new Map(rows.map((row) => [String(row["entity"]), { insert: Number(row["insert"]), update: Number(row["update"]), delete: Number(row["delete"]), fields: new Map(fields.map((field, i) => [field.toLowerCase(), Number(row[`f${i}`])])) }]));
}

/**
 * How many effects may have changed a column that entities read in part: those on a field that may show it, and deletions, which may
 * be no more than a mark in a condition. Where there are none, and no field has its name, it may be a stamp that nobody tells of: undefined,
 * as of a column that no entity reads at all.
 */
export function columnTold(column: UnreadColumn | undefined, told: ReadonlyMap<string, Told>): number | undefined {
  const effects = (column?.through ?? []).reduce((sum, { entity, fields }) => {
    const of = told.get(entity);
    return sum + (of?.delete ?? 0) + fields.reduce((more, field) => more + (of?.fields.get(field.toLowerCase()) ?? 0), 0);
  }, 0);
  const named = column?.through?.some(({ fields }) => fields.some((field) => field.toLowerCase() === column.name.toLowerCase())) ?? false;
  return effects > 0 || named ? effects : undefined;
}
