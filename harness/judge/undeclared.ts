// Effects that clients told and nobody declared: no rule looks at them, so that nothing they claim is known to be there.

import type { System } from "../drill/system.ts";
import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier } from "../evidence/duckdb.ts";
import { recordedFields } from "./suspects.ts";

const KINDS = new Set(["insert", "update", "delete", "add"]);

/**
 * Each in a sentence: effects on an entity that isn't declared, of a kind that there isn't, changes (`add`) of what is no counter, and
 * counters that are set. A field that has no place in the old schema is another matter: what it held is shed.
 */
export async function undeclaredEffects(database: EvidenceDatabase, { entities }: Pick<System, "entities">): Promise<string[]> {
  const fields = await recordedFields(database);
  const counts = fields.map((field, i) => `, count("#set".${identifier(field)})::double as n${i}`).join("");
  const rows = await database.rows(`select entity, kind, count(*)::double as n${counts} from buckets.effects where outcome in ('committed', 'indeterminate') group by entity, kind order by entity, kind`);
  return rows.flatMap((row) => {
    const [name, kind, n] = [String(row["entity"]), String(row["kind"]), Number(row["n"])];
    const effects = `${n} ${n === 1 ? "effect" : "effects"} of kind ${kind} on ${name}`;
    const entity = entities.find((declared) => declared.name === name);
    if (!entity) return [`${effects} can't be checked: the system declares no entity ${name}; it has ${entities.map((declared) => declared.name).join(", ")}`];
    if (!KINDS.has(kind)) return [`${effects} can't be checked: effects are of kind insert, update, delete or add`];
    const set = fields.filter((_, i) => Number(row[`n${i}`]) > 0);
    const counters = new Set(entity.counters.map((counter) => counter.toLowerCase())); // DuckDB doesn't tell Name from name
    const wrong = kind === "add" ? set.filter((field) => !counters.has(field.toLowerCase())) : kind === "update" ? set.filter((field) => counters.has(field.toLowerCase())) : [];
    if (wrong.length === 0) return [];
    return [kind === "add" ? `${effects} can't be checked: ${wrong.join(", ")} ${wrong.length === 1 ? "is no counter" : "are no counters"} of it; declare counters, or tell an update`
      : `${effects} can't be checked: they set ${wrong.join(", ")}, which ${wrong.length === 1 ? "is a counter" : "are counters"}; tell the change with add`];
  });
}
