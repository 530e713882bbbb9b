// Counters that hold what they held some time ago: their newest changes are not altered, but lost.

import type { EvidenceDatabase, Row } from "../evidence/database.ts";
import { literal } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";
import { canSumTo } from "./admissible.ts";

/** Records at a time: bounds the memory, whatever the run's size. */
const BATCH = 5_000;

type Change = { readonly seq: number | null; readonly start: number; readonly end: number; readonly amount: number };

/**
 * Enters such counters in `harms` as lost. A counter that is wrong by `difference` is the counter of an
 * earlier moment when there is one such that the changes which began after it, and some of those under way
 * at it, add up to the difference: a restore to that moment gives it. Needs `touched` of reconcile.ts.
 */
export async function findUndone(database: EvidenceDatabase, { name, counters }: Entity): Promise<void> {
  for (const counter of counters) {
    const wrong = `from harms where entity = ${literal(name)} and field = ${literal(counter)} and harm = 'altered-write'
      and try_cast(expected as decimal(38, 6)) is not null and key not in (select key from touched where outcome = 'indeterminate')`;
    for (let after = "", more = true; more;) {
      const rows = await database.rows(`
        with portion as (select distinct key, (expected::decimal(38, 6) - held::decimal(38, 6))::double as difference ${wrong} and key > ${literal(after)} order by key limit ${BATCH})
        select s.key, any_value(s.difference) as difference, list({'seq': t.seq::double, 'start': t.start::double, 'end': t."end"::double, 'amount': (t.value ->> ${literal(counter)})::double} order by t."end") as changes
        from portion s left join touched t on t.key = s.key and t.kind = 'add' and (t.value ->> ${literal(counter)}) is not null group by s.key order by s.key`);
      after = String(rows.at(-1)?.["key"]);
      more = rows.length === BATCH;
      await enter(database, name, counter, rows);
    }
  }
}

async function enter(database: EvidenceDatabase, entity: string, counter: string, rows: readonly Row[]): Promise<void> {
  const undone = rows.flatMap(({ key, difference, changes }) => {
    const first = firstUndone((changes as readonly Change[]).filter(({ seq }) => seq !== null), Number(difference));
    return first?.seq ? [`(${literal(String(key))}, ${first.seq}, ${first.end})`] : [];
  });
  if (undone.length === 0) return;
  await database.run(`update harms set harm = 'write-lost', seq = u.seq, acknowledged = u.acknowledged from (values ${undone.join(", ")}) u (key, seq, acknowledged)
    where harms.entity = ${literal(entity)} and harms.field = ${literal(counter)} and harms.key = u.key and harms.harm = 'altered-write'`);
}

/** The first change, by its acknowledgement, that some moment's return to it undoes; undefined when no moment explains the difference. */
export function firstUndone(changes: readonly Change[], difference: number): Change | undefined {
  for (const { end: moment } of changes.toReversed()) {
    const after = changes.filter(({ start }) => start > moment);
    const underWay = changes.filter(({ start, end }) => start <= moment && end >= moment);
    const rest = difference - after.reduce((sum, { amount }) => sum + amount, 0);
    if (canSumTo(underWay.map(({ amount }) => amount), rest) === true) return [...underWay, ...after].sort((a, b) => a.end - b.end)[0];
  }
  return undefined;
}
