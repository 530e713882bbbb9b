// Rows that come with each write of other tables, as a log of changes has them: as many as the ledger tells of writes must be there.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { byChance } from "./chance.ts";
import type { Step } from "./lockstep.ts";
import type { Activity, UnreadTable } from "./run-record.ts";

/** One kind of effect on one entity: how many there were for certain and at most; when the table was looked at in normal service, and in the end. */
type Atom = { readonly name: string; readonly then: readonly [sure: number, most: number]; readonly now: readonly [sure: number, most: number] };

/** Of more kinds of effects every number of rows is the sum of some. */
const MOST_ATOMS = 10;
/** That a rule without an exception had some in the end is told above this chance as worth knowing only. */
const CHANCE = 0.05;

/**
 * Which kinds of effects leave a row, the ledger says: those whose number was that of the rows in normal service. Where that holds of several
 * sets of kinds, each may be right, and one that explains the end is enough. Undefined where none does: then there is no rule.
 */
export async function besideStep(was: UnreadTable, is: UnreadTable, activity: Activity | undefined, before: readonly UnreadTable[], database: EvidenceDatabase): Promise<Step | undefined> {
  const rule = activity?.beside;
  const [first, last] = [was.rows ?? was.count, is.rows ?? is.count];
  if (!rule || activity.deleted > 0 || activity.updated > 0 || first === undefined || last === undefined) return undefined;
  const sources = rule.sources.flatMap((full) => before.find((table) => table.database === was.database && table.full === full) ?? []);
  const atoms = await atomsOf(database, [...new Set(sources.flatMap(({ entities }) => entities))], rule);
  const [source] = sources;
  if (!source || atoms.length === 0 || atoms.length > MOST_ATOMS) return undefined;
  const grown = last - first;
  const ends = subsets(atoms).filter((some) => within(rule.rows, total(some, "then"))).map((some) => ({ some, range: total(some, "now"), off: beyond(grown, total(some, "now")) }));
  const best = ends.toSorted((a, b) => Math.abs(a.off) - Math.abs(b.off))[0];
  if (!best) return undefined;
  const [off, [sure, most]] = [Math.abs(best.off), best.range];
  const of = sources.map(({ name }) => name).join(" and ");
  const told = sure === most ? `${sure} such writes` : `${sure} to ${most} such writes`;
  return { even: off === 0, off, sure: byChance(off, Math.max(most - rule.rows, off), rule.rows) < CHANCE, source,
    said: `it has ${off} ${off === 1 ? "row" : "rows"} ${best.off < 0 ? "fewer" : "more"} than it must: in normal service each write of ${of} left one here (${rule.rows} of ${rule.rows}), and since the start clients were told of ${told}${ends.length === 1 ? ` (${best.some.map(({ name }) => name).join(", ")})` : ""}, while this has grown by ${grown}` };
}

const within = (n: number, [sure, most]: readonly [number, number]) => n >= sure && n <= most;
const beyond = (n: number, [sure, most]: readonly [number, number]) => (n < sure ? n - sure : n > most ? n - most : 0);
const total = (some: readonly Atom[], when: "then" | "now"): readonly [number, number] => [some.reduce((sum, atom) => sum + atom[when][0], 0), some.reduce((sum, atom) => sum + atom[when][1], 0)];

function subsets(atoms: readonly Atom[]): (readonly Atom[])[] {
  return Array.from({ length: 2 ** atoms.length - 1 }, (_, i) => atoms.filter((_atom, bit) => ((i + 1) >> bit) & 1));
}

async function atomsOf(database: EvidenceDatabase, entities: readonly string[], { from, to }: NonNullable<Activity["beside"]>): Promise<Atom[]> {
  const kind = "case when kind in ('update', 'add') then 'update' else kind end";
  const rows = await database.rows(`select entity, ${kind} as kind, count(*)::double as most, (count(*) filter (outcome = 'committed'))::double as sure,
      (count(*) filter (outcome = 'committed' and "end" < ${from}))::double as sure_then, (count(*) filter (start < ${to}))::double as most_then
    from buckets.effects where outcome <> 'rejected' group by all order by entity, kind`);
  return rows.filter(({ entity }) => entities.includes(String(entity)))
    .map((row) => ({ name: `${String(row["kind"])} of ${String(row["entity"])}`, then: [Number(row["sure_then"]), Number(row["most_then"])], now: [Number(row["sure"]), Number(row["most"])] }));
}
