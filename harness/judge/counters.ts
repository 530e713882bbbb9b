// Counters: what is held, less what it began with, must be what clients were told that they added.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier, literal, member } from "../evidence/duckdb.ts";
import { canonical, NUMBER, type ValueKind } from "../evidence/values.ts";
import type { Entity } from "../drill/system.ts";
import { canSumTo, decimalsOf, numberOf, unitsOf } from "./decimals.ts";

/** Records at a time: bounds the memory, whatever the run's size. */
const BATCH = 5_000;
/** How exact a sum of floats is, of each summand's size. */
const FLOAT_ERROR = { float4: 2 ** -23, float8: 2 ** -52 } as const;

type Change = { readonly kind: "add" | "insert"; readonly sure: boolean; readonly amount: string };
export type Counted = { readonly held: string | null; readonly was: string | null; readonly had: boolean; readonly changes: readonly Change[] };

/** What a counter is counted in. A run that doesn't tell types has numbers here. */
export function counterKind(database: EvidenceDatabase, entity: string, counter: string): ValueKind {
  const kind = database.columns.kind(entity, counter);
  return kind.of === "text" ? NUMBER : kind;
}

/** Enters wrong counters of the suspects in `harms`, and those that nobody can judge in `unsure`. Needs `held`, `base` and `touched` of reconcile.ts. */
export async function counters(database: EvidenceDatabase, { name, key: keyColumn }: Entity, counter: string, inBase: boolean): Promise<void> {
  const [key, field] = [identifier(keyColumn), identifier(counter)];
  const kind = counterKind(database, name, counter);
  for (let after = "", more = true; more;) {
    const rows = await database.rows(`
      with portion as (select ${key} as key, any_value(${field}) as held from held where ${key} > ${literal(after)} group by ${key} having count(*) = 1 order by 1 limit ${BATCH})
      select p.key, p.held, any_value(${inBase ? `b.${field}` : "null"}) as was, bool_or(b.${key} is not null) as had,
        list({'kind': t.kind, 'sure': t.outcome = 'committed', 'amount': ${member("t.value", counter)}} order by t.seq) filter (${member("t.value", counter)} is not null) as changes
      from portion p left join base b on b.${key} = p.key left join touched t on t.key = p.key and t.kind in ('add', 'insert') group by p.key, p.held order by p.key`);
    const harms: string[] = [];
    const unsure: string[] = [];
    for (const row of rows) {
      const { held, was, had, changes } = row as unknown as Counted;
      const judged = judgeCounter(kind, { held, was, had, changes: changes ?? [] });
      const values = [name, String(row["key"]), counter].map(literal).join(", ");
      if (judged === "unsure") unsure.push(`(${values}, ${held === null ? "null" : literal(held)}, ${literal((changes ?? []).map(({ amount }) => amount).join(", ").slice(0, 200))})`);
      else if (judged !== undefined) harms.push(`('altered-write', ${values}, null, null, ${held === null ? "null" : literal(held)}, ${literal(judged)})`);
    }
    for (const [table, lines] of [["harms", harms], ["unsure", unsure]] as const) {
      for (let at = 0; at < lines.length; at += 1_000) await database.run(`insert into ${table} values ${lines.slice(at, at + 1_000).join(", ")}`);
    }
    after = String(rows.at(-1)?.["key"]);
    more = rows.length === BATCH;
  }
}

/** What was to be expected in the place of what is held; undefined when that is right, or is nobody's claim. */
export function judgeCounter(kind: ValueKind, { held, was, had, changes }: Counted): string | "unsure" | undefined {
  const inserts = changes.filter((change) => change.kind === "insert");
  // What it began with: the baseline, or what the one insert of the record gave it.
  if (!had && inserts.length !== 1) return undefined;
  const [first, is] = [had ? was : inserts[0]?.amount ?? null, held].map((text) => (text === null ? null : canonical(kind, text)));
  const adds = changes.filter((change) => change.kind === "add").map(({ sure, amount }) => ({ sure, amount: canonical({ of: kind.of }, amount) }));
  if (first === null) return is === null || adds.length > 0 ? undefined : "null"; // null and something is null, unless the application says otherwise
  if (first === undefined || is === undefined || adds.some(({ amount }) => amount === undefined)) return "unsure";
  const known = adds as readonly { readonly sure: boolean; readonly amount: string }[];
  if (is === null) return total(first, known);
  const finite = unitsOf([first, is, ...known.map(({ amount }) => amount)]);
  if (kind.of === "float4" || kind.of === "float8" || !finite) return floats(kind, first, is, known);
  return exact(finite.units, finite.scale, known.map(({ sure }) => sure), roundings(kind, known, finite.scale));
}

/** In units, what may have been rounded away: of each amount with more decimals than the column keeps, up to one of its units. */
function roundings({ of, keeps = of === "money" ? 2 : Infinity }: ValueKind, adds: readonly { readonly amount: string }[], scale: number): bigint {
  const rounded = adds.filter(({ amount }) => decimalsOf(amount) > keeps).length;
  return rounded === 0 ? 0n : BigInt(rounded) * 10n ** BigInt(Math.max(0, scale - keeps));
}

function exact([first = 0n, is = 0n, ...amounts]: readonly bigint[], scale: number, sure: readonly boolean[], slack: bigint): string | undefined {
  const expected = amounts.reduce((sum, amount, index) => (sure[index] ? sum + amount : sum), first);
  const difference = is - expected;
  const doubtful = amounts.filter((_, index) => !sure[index]);
  const low = doubtful.reduce((sum, amount) => (amount < 0n ? sum + amount : sum), -slack);
  const high = doubtful.reduce((sum, amount) => (amount > 0n ? sum + amount : sum), slack);
  const fits = difference >= low && difference <= high && (slack > 0n || canSumTo(doubtful.filter((amount) => amount !== 0n), difference) !== false);
  return fits ? undefined : numberOf(expected, scale);
}

/** Sums of floats depend on the order; and what is not finite isn't summed in units. */
function floats({ of }: ValueKind, first: string, is: string, adds: readonly { readonly sure: boolean; readonly amount: string }[]): string | undefined {
  const numbers = adds.map(({ amount }) => Number(amount));
  const expected = adds.reduce((sum, { sure }, index) => (sure ? sum + (numbers[index] ?? 0) : sum), Number(first));
  const doubtful = numbers.filter((_, index) => !adds[index]?.sure);
  if (String(expected) === is || Number.isNaN(expected) !== (is === "NaN")) return String(expected) === is || doubtful.some((amount) => !Number.isFinite(amount)) ? undefined : String(expected);
  if (!Number.isFinite(expected) || doubtful.some((amount) => !Number.isFinite(amount))) return doubtful.length > 0 ? undefined : String(expected);
  const size = numbers.reduce((sum, amount) => sum + Math.abs(amount), Math.abs(Number(first)));
  const error = (adds.length + 1) * size * (of === "float4" ? FLOAT_ERROR.float4 : FLOAT_ERROR.float8);
  const difference = Number(is) - expected;
  const [low, high] = [Math.min, Math.max].map((bound) => doubtful.reduce((sum, amount) => sum + bound(amount, 0), 0)) as [number, number];
  return difference >= low - error && difference <= high + error ? undefined : String(expected);
}

function total(first: string, adds: readonly { readonly sure: boolean; readonly amount: string }[]): string {
  const sure = [first, ...adds.filter((add) => add.sure).map(({ amount }) => amount)];
  const finite = unitsOf(sure);
  return finite ? numberOf(finite.units.reduce((sum, amount) => sum + amount, 0n), finite.scale) : String(sure.reduce((sum, amount) => sum + Number(amount), 0));
}
