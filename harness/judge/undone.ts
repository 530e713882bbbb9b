// Counters that hold what they held some time ago: their newest changes are not altered, but lost.

import type { EvidenceDatabase, Row } from "../evidence/database.ts";
import { literal, member } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";
import { canonical, type ValueKind } from "../evidence/values.ts";
import { counterKind } from "./counters.ts";
import { canSumTo, unitsOf } from "./decimals.ts";

/** Records at a time: bounds the memory, whatever the run's size. */
const BATCH = 5_000;

type Change = { readonly seq: number; readonly start: number; readonly end: number; readonly sure: boolean; readonly amount: string };
/** With the amount in units of the record's own scale. */
type CountedChange = Omit<Change, "amount"> & { readonly amount: bigint };
/** When the data were taken back: a way back, from its start until it had them, or a power cut. */
type Interval = { readonly from: number; readonly to: number };

/**
 * Enters such counters in `harms` as lost, where a restore, another server or volume, or a power cut took the data back. A counter that is wrong by
 * `difference` went back to an earlier moment when there is one such that the changes between it and the taking back, and
 * some of those under way at either, add up to the difference. Changes after that count as ever. Without
 * any of these a sum that fits would be a coincidence. Needs `touched` of reconcile.ts.
 */
export async function findUndone(database: EvidenceDatabase, { name, counters }: Entity): Promise<void> {
  const takenBack = await takings(database);
  if (takenBack.length === 0) return;
  for (const counter of counters) {
    const wrong = `from harms where entity = ${literal(name)} and field = ${literal(counter)} and harm = 'altered-write'`;
    for (let after = "", more = true; more;) {
      const rows = await database.rows(`
        with portion as (select distinct key, expected, held ${wrong} and held is not null and key > ${literal(after)} order by key limit ${BATCH})
        select p.key, any_value(p.expected) as expected, any_value(p.held) as held,
          list({'seq': t.seq::double, 'start': t.start::double, 'end': coalesce(t."end", 9e18)::double, 'sure': t.outcome = 'committed', 'amount': ${member("t.value", counter)}} order by t."end", t.seq) filter (t.seq is not null) as changes
        from portion p left join touched t on t.key = p.key and t.kind = 'add' and ${member("t.value", counter)} is not null group by p.key order by p.key`);
      await enter(database, { entity: name, counter, kind: counterKind(database, name, counter) }, rows, takenBack);
      after = String(rows.at(-1)?.["key"]);
      more = rows.length === BATCH;
    }
  }
}

async function takings(database: EvidenceDatabase): Promise<Interval[]> {
  const rows = await database.rows(`
    select min(t) filter (kind = 'rollback' and state = 'started')::double as "from", max(t) filter ((kind = 'backup' and state = 'restored') or (kind = 'replication' and state = 'promoted') or state = 'switched-back' or state = 'swapped-back')::double as "to" from timeline
    union all
    select min(t) filter (state = 'triggered')::double, min(t) filter (state = 'proven')::double from timeline where kind = 'fault' and fault = 'power-cut' and target = 'postgres' group by "index"`);
  return rows.flatMap(({ from, to }) => (typeof from === "number" && typeof to === "number" ? [{ from, to }] : []));
}

type Place = { readonly entity: string; readonly counter: string; readonly kind: ValueKind };

async function enter(database: EvidenceDatabase, { entity, counter, kind }: Place, rows: readonly Row[], takenBack: readonly Interval[]): Promise<void> {
  const undone = rows.flatMap(({ key, expected, held, changes }) => {
    const all = (changes ?? []) as readonly Change[];
    const texts = [String(expected), String(held), ...all.map(({ amount }) => amount)].map((text) => canonical({ of: kind.of }, text));
    const { units: [due = 0n, is = 0n, ...amounts] } = (texts.every((text) => text !== undefined) && unitsOf(texts)) || { units: [] };
    if (due === is) return []; // which isn't wrong: they are no numbers
    const counted = all.map((change, index): CountedChange => ({ ...change, amount: amounts[index] ?? 0n }));
    const first = takenBack.map((interval) => firstUndone(counted, due - is, interval)).find((change) => change !== undefined);
    return first ? [`(${literal(String(key))}, ${first.seq}, ${first.end})`] : [];
  });
  if (undone.length === 0) return;
  await database.run(`update harms set harm = 'write-lost', seq = u.seq, acknowledged = u.acknowledged from (values ${undone.join(", ")}) u (key, seq, acknowledged)
    where harms.entity = ${literal(entity)} and harms.field = ${literal(counter)} and harms.key = u.key and harms.harm = 'altered-write'`);
}

/** The first acknowledged change that the return to some moment undoes; undefined when no moment explains the difference. */
function firstUndone(changes: readonly CountedChange[], difference: bigint, { from, to }: Interval): CountedChange | undefined {
  // A change in doubt counts as not made in `difference`: if it was made, it makes up for a part of it.
  const doubtful = changes.filter(({ sure }) => !sure).map(({ amount }) => -amount);
  const sure = changes.filter((change) => change.sure && change.start <= to);
  for (const { end: moment } of sure.toReversed()) {
    const must = sure.filter(({ start, end }) => start > moment && end < from);
    const may = sure.filter((change) => change.end >= moment && !must.includes(change));
    const rest = difference - must.reduce((sum, { amount }) => sum + amount, 0n);
    if (canSumTo([...may.map(({ amount }) => amount), ...doubtful], rest) === true) return [...may, ...must].sort((a, b) => a.end - b.end)[0];
  }
  return undefined;
}
