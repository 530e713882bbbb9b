// What could be read before and can't be any more: entities whose query fails, tables that give an error, materialized views without their rows.

import type { RunRecord } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";
import type { Difference } from "./structure.ts";

const CANT_BE_READ = "it can't be read: ";

/** Entities, and tables that no entity reads. What is not there any more is told by the structure. */
export function unreadables({ before, after, unread }: Pick<RunRecord, "before" | "after" | "unread">): Finding[] {
  if (!before || !after) return [];
  const { shapes = {}, failed } = after.entities;
  const entities = failed.map(({ entity, error }): Finding => ({
    kind: "entity-unreadable", subject: entity, detail: `the query that must read it fails: ${error}${shapes[entity] === undefined ? "" : `; it was read in the ${shapes[entity] === "after" ? "new" : "old"} shape`}`, count: 1, examples: [],
    query: `select unnest(failed, recursive := true) from read_json('after/entities.json')`,
  }));
  const was = new Map(unread?.before.map((table) => [`${table.database} ${table.full}`, table]));
  const tables = (unread?.after ?? []).flatMap((table): Finding[] => {
    const old = was.get(`${table.database} ${table.full}`);
    if (!old || old.why !== undefined || !table.why?.startsWith(CANT_BE_READ)) return [];
    return [{
      kind: "table-unreadable", subject: table.database === "" ? table.name : `${table.database}: ${table.name}`, detail: `it was read before the migration, and gives an error now: ${table.why.slice(CANT_BE_READ.length)}`, count: 1, examples: [],
      query: `select name, why from read_json('after/unread.json') where why is not null`,
    }];
  });
  return [...entities, ...tables];
}

/** A materialized view that had rows and was made anew WITH NO DATA: a finding of its own, and what else is different of it another one. */
export function unpopulated(difference: Difference): Difference[] {
  const { kind, changes } = difference;
  const populated = changes.find(({ field, was, is }) => field === "populated" && was === true && is === false);
  if (kind !== "relation-changed" || !populated) return [difference];
  const empty: Difference = {
    ...difference, kind: "materialized-view-unpopulated", changes: [populated],
    detail: "it had rows before the migration, and was made anew without any: whoever reads it gets an error until it is refreshed", examples: [{ key: "populated", expected: "true", held: "false" }],
  };
  const rest = changes.filter((change) => change !== populated);
  return rest.length === 0 ? [empty] : [empty, { ...difference, changes: rest }];
}
