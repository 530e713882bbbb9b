// Lists that transactions append to: what a client was told to be appended, must be in the list in the end.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier, literal } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";

/*
 * The isolation checker looks at what was read while clients worked. An append that nobody read afterwards shows in no read, and was
 * acknowledged all the same: only the final list tells. Elements only come, and each once:
 *
 *   acknowledged, or there before, and not in the list   -> lost
 *   in the list, and appended by nobody, or rejected     -> phantom
 *   in the list more than once                           -> duplicate
 *
 * A record that isn't there is an empty list.
 */

/** The lists, by element: PostgreSQL prints an array as {1,2}, JSON as [1, 2]. */
const elements = (table: string, key: string, field: string) => `(select ${key} as key, trim(unnest(string_split(trim(${field}, '{}[] '), ',')), '" ') as element from ${table} where trim(coalesce(${field}, ''), '{}[] ') <> '')`;

/** Enters what is wrong with the lists of an entity in `harms`. */
export async function judgeLists(database: EvidenceDatabase, { name, key: keyColumn, list }: Entity): Promise<void> {
  if (list === undefined) return;
  const [key, field, entity] = [identifier(keyColumn), identifier(list), literal(name)];
  await database.run(`create or replace temp table listed as select * from ${elements(identifier(`after_${name}`), key, field)}`);
  await database.run(`create or replace temp table listed_before as select * from ${elements(identifier(`before_${name}`), key, field)}`);
  await database.run(`create or replace temp table appended as ${APPENDS}`);
  await database.run(`insert into harms
    select 'write-lost', ${entity}, key, ${literal(list)}, seq, "end", null, element from appended a
      where outcome = 'committed' and not exists (select 1 from listed l where l.key = a.key and l.element = a.element)
    union all select 'write-lost', ${entity}, key, ${literal(list)}, null, null, null, element from listed_before b where not exists (select 1 from listed l where l.key = b.key and l.element = b.element)
    union all select 'duplicate-write', ${entity}, key, ${literal(list)}, null, null, count(*)::varchar, element from listed group by key, element having count(*) > 1
    union all select distinct 'phantom-write', ${entity}, key, ${literal(list)}, null::bigint, null::bigint, element, 'absent' from listed l
      where not exists (select 1 from appended a where a.key = l.key and a.element = l.element and a.outcome <> 'rejected')
        and not exists (select 1 from listed_before b where b.key = l.key and b.element = l.element)`);
}

const APPENDS = `(select seq, outcome, start, "end", mop ->> 1 as key, mop ->> 2 as element
  from (select seq, outcome, start, "end", unnest(mops::json[]) as mop from operations where mops is not null) where mop ->> 0 = 'append')`;

/** Why acknowledged appends can't be known to be there: no entity reads the lists. */
export async function unreadLists(database: EvidenceDatabase, entities: readonly Pick<Entity, "list">[]): Promise<string[]> {
  if (entities.some(({ list }) => list !== undefined)) return [];
  const [row] = await database.rows(`select count(*)::double as n from ${APPENDS} where outcome = 'committed'`);
  const n = Number(row?.["n"] ?? 0);
  return n === 0 ? [] : [`${n} acknowledged ${n === 1 ? "append" : "appends"} to lists can't be checked: no entity reads the lists; name the field that holds them in the entity's \`list\``];
}
