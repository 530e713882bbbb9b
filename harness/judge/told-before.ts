// What clients told before the migration began, against what the system then held: what was wrong by then, no migration did.

import type { EvidenceDatabase, Row } from "../evidence/database.ts";
import { identifier, literal, memberNamedBy } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";
import { canonical, DIGEST } from "../evidence/values.ts";
import { counterKind, judgeCounter } from "./counters.ts";
import type { LookedUp } from "./run-record.ts";

/*
 * While nothing but clients writes, the system holds what they were told. Where it doesn't, the workload tells what it does not do (a
 * statement that changes no row, an effect without a statement), or the entity's query does not read what it is about. Then nothing that
 * this operation tells says anything of the way back: the run is unknown by it, and nothing is lost.
 *
 * A record is held against an operation where that one alone touched it before the look, and was acknowledged by then. Counters, which many
 * touch, by the sum of all: those that were under way may or may not count. Where it isn't certain that a told text is
 * another value than the one held, nobody is accused.
 */

type Effect = { readonly op: string; readonly kind: string; readonly outcome: string; readonly end: number | null; readonly value: string | null };
type Record = { readonly key: string; readonly base: Row | undefined; readonly held: Readonly<globalThis.Record<string, string | null>> | null; readonly effects: readonly Effect[] };
/** Of an operation's effects on an entity one that is not as told; without a field the whole record. */
type Wrong = { readonly op: string; readonly field: string | null; readonly key: string; readonly told: string; readonly held: string };

/** Takes what such operations told out of `harms` (reconcile.ts), and says each in a sentence. */
export async function takeOutMistold(database: EvidenceDatabase, entities: readonly Entity[], looked: readonly LookedUp[]): Promise<string[]> {
  const unread: string[] = [];
  for (const entity of entities) unread.push(...(await unreadFields(database, entity)));
  const wrong: string[] = [];
  for (const look of looked.toSorted((a, b) => (a.entity < b.entity ? -1 : 1))) {
    const entity = entities.find(({ name }) => name === look.entity);
    if (entity) wrong.push(...(await mistold(database, entity, look)));
  }
  return [...unread, ...wrong];
}

/** Fields that were told of a system that only has the old shape, and that the query of the old shape doesn't read: they were never shed. */
async function unreadFields(database: EvidenceDatabase, { name }: Entity): Promise<string[]> {
  const early = `from effects e, harms h where h.harm = 'value-shed' and h.entity = ${literal(name)} and e.entity = h.entity and e.outcome = 'committed' and ${memberNamedBy("e.value", "h.field")} is not null
    and e."end" < (select min(t) from timeline where kind = 'migration' and state = 'started')`;
  const rows = await database.rows(`select h.field, count(distinct (e.seq, e.key))::double as n, string_agg(distinct e.op, ', ' order by e.op) as ops ${early} group by h.field order by h.field`);
  if (rows.length === 0) return [];
  await database.run(`delete from harms where harm = 'value-shed' and entity = ${literal(name)} and field in (${rows.map(({ field }) => literal(String(field))).join(", ")})`);
  return rows.map(({ field, n, ops }) => `${String(field)} of ${name} can't be checked: ${String(ops)} told it ${Number(n)} ${Number(n) === 1 ? "time" : "times"} before the migration began, and entity ${name} reads no field of that name; correct the workload's effect, or let the entity's query read it`);
}

async function mistold(database: EvidenceDatabase, entity: Entity, look: LookedUp): Promise<string[]> {
  const records = await recordsOf(database, entity, look);
  const [counted] = await database.rows(`select count(*)::double as n from ${identifier(`before_${entity.name}`)}`);
  const owed = records.filter(({ effects }) => effects.length > 0 && effects.every(({ kind }) => kind !== "delete"));
  if (Number(counted?.["n"]) === 0 && owed.length > 0 && records.every(({ held }) => held === null)) {
    await takeOut(database, entity, { ops: opsOf(owed), field: null });
    return [`entity ${entity.name} reads nothing: its query gave no record of the system before the load, and none of the ${owed.length} that ${opsOf(owed).join(", ")} had been acknowledged for before the migration began; correct its query`];
  }
  const said: string[] = [];
  const alone = records.flatMap((record) => (isAlone(record, look) ? [{ ...record, effect: record.effects[0] as Effect }] : []));
  for (const [op, some] of [...Map.groupBy(alone, ({ effect }) => effect.op)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const wrong = some.flatMap((record) => wrongOf(database, entity, record));
    if (wrong.length > 0) said.push(await notDone(database, entity, op, some.length, wrong));
    else if (some.length >= TELLING && some.every(({ base, held, effect }) => !base && !held && effect.kind !== "insert")) said.push(`${op} tells what it does to records of ${entity.name} that are not there: none of ${some.length} that were looked at, as ${some[0]?.key}; correct the key that it tells, or the entity's key`);
  }
  for (const counter of entity.counters) said.push(...(await notCounted(database, entity, counter, records, look)));
  return said;
}

/** As many say that all of them are so. */
const TELLING = 3;
const opsOf = (records: readonly Record[]) => [...new Set(records.flatMap(({ effects }) => effects.map(({ op }) => op)))].toSorted();

async function recordsOf(database: EvidenceDatabase, { name, key }: Entity, { rows, to }: LookedUp): Promise<Record[]> {
  const keys = ["", ...rows.map((row) => row.key)].map(literal).join(", ");
  const base = new Map((await database.rows(`select * from ${identifier(`before_${name}`)} where ${identifier(key)} in (${keys})`)).map((row) => [String(row[key]), row]));
  const told = await database.rows(`select key, list({'op': op, 'kind': kind, 'outcome': outcome, 'end': "end"::double, 'value': value::varchar} order by seq) as effects
    from effects where entity = ${literal(name)} and key in (${keys}) and outcome in ('committed', 'indeterminate') and start < ${to} group by key`);
  const effects = new Map(told.map((row) => [String(row["key"]), row["effects"] as readonly Effect[]]));
  return rows.map((row) => ({ key: row.key, base: base.get(row.key), held: row.held, effects: effects.get(row.key) ?? [] }));
}

const isSure = ({ outcome, end }: Effect, { from }: LookedUp) => outcome === "committed" && end !== null && end < from;
const isAlone = ({ effects }: Record, look: LookedUp) => effects.length === 1 && effects.every((effect) => isSure(effect, look));

function wrongOf(database: EvidenceDatabase, entity: Entity, { key, base, held, effect }: Record & { readonly effect: Effect }): Wrong[] {
  const { op, kind, value } = effect;
  if (kind === "delete") return held === null ? [] : [{ op, field: null, key, told: "deleted", held: "is there" }];
  if (held === null) return kind === "insert" || base ? [{ op, field: null, key, told: kind === "insert" ? "inserted" : "there", held: "is not there" }] : [];
  if (kind === "add") return [];
  const told = JSON.parse(value ?? "{}") as Readonly<globalThis.Record<string, unknown>>;
  return Object.entries(told ?? {}).flatMap(([field, text]): Wrong[] => {
    const column = Object.keys(held).find((name) => name.toLowerCase() === field.toLowerCase()); // as in DuckDB
    if (column === undefined || column === entity.list || entity.counters.includes(column)) return [];
    const [a, b] = [text === null ? null : typeof text === "object" ? JSON.stringify(text) : String(text), held[column] ?? null];
    return differ(database, entity, column, a, b) ? [{ op, field, key, told: a ?? "null", held: `it holds ${b ?? "null"}` }] : [];
  });
}

/** For certain. */
function differ(database: EvidenceDatabase, { name }: Entity, field: string, told: string | null, held: string | null): boolean {
  if (told === null || held === null) return told !== held;
  if (told.startsWith(DIGEST) !== held.startsWith(DIGEST)) return false;
  const [a, b] = [told, held].map((text) => canonical(database.columns.kind(name, field), text));
  return a !== undefined && b !== undefined && a !== b;
}

async function notDone(database: EvidenceDatabase, entity: Entity, op: string, looked: number, wrong: readonly Wrong[]): Promise<string> {
  for (const field of new Set(wrong.map((one) => one.field))) await takeOut(database, entity, { ops: [op], field });
  const [first] = wrong;
  const records = new Set(wrong.map(({ key }) => key)).size;
  const example = `${short(first?.key)}${first?.field == null ? "" : `, ${first.field}`}: told ${short(first?.told)}, and ${short(first?.held)}`;
  return `${op} does not do what it tells of ${entity.name}: ${records} of ${looked} records that were looked at before the migration began were not as it had told (${example}); correct the workload's effect, or the entity's query`;
}

const short = (text = "") => (text.length > 60 ? `${text.slice(0, 60)}...` : text);

async function notCounted(database: EvidenceDatabase, entity: Entity, counter: string, records: readonly Record[], look: LookedUp): Promise<string[]> {
  const changed = records.flatMap((record) => {
    const changes = record.effects.flatMap((effect) => {
      const amount = effect.kind === "add" || effect.kind === "insert" ? (JSON.parse(effect.value ?? "{}") as Readonly<globalThis.Record<string, unknown>> | null)?.[counter] : undefined;
      return amount == null ? [] : [{ op: effect.op, kind: effect.kind as "add" | "insert", sure: isSure(effect, look), amount: String(amount) }];
    });
    const plain = record.effects.every(({ kind }) => kind === "add" || kind === "update"); // or somebody inserted it, and nobody knows which came first
    return record.held && plain && changes.some(({ sure }) => sure) ? [{ ...record, held: record.held, changes }] : [];
  });
  const wrong = changed.flatMap(({ key, base, held, changes }) => {
    const expected = judgeCounter(counterKind(database, entity.name, counter), { held: held[counter] ?? null, was: base ? base[counter] as string | null : null, had: base !== undefined, changes });
    return expected === undefined || expected === "unsure" ? [] : [{ key, expected, held: held[counter] ?? "null", ops: changes.map(({ op }) => op) }];
  });
  const [first] = wrong;
  if (!first) return [];
  const ops = [...new Set(wrong.flatMap((one) => one.ops))].toSorted();
  await takeOut(database, entity, { ops, field: counter });
  return [`${ops.join(", ")} ${ops.length === 1 ? "does" : "do"} not do what ${ops.length === 1 ? "it tells" : "they tell"} of ${entity.name}: ${wrong.length} of ${changed.length} records that were looked at before the migration began did not count what they had told (${short(first.key)}, ${counter}: by what was told ${first.expected}, and it holds ${short(first.held)}); correct the workload's effect, or the entity's query`];
}

/** What is missing of records that such operations touched; without a field, all of it. */
async function takeOut(database: EvidenceDatabase, { name }: Entity, { ops, field }: { readonly ops: readonly string[]; readonly field: string | null }): Promise<void> {
  await database.run(`delete from harms where harm <> 'value-shed' and entity = ${literal(name)}${field === null ? "" : ` and field = ${literal(field)}`}
    and key in (select key from effects where entity = ${literal(name)} and op in (${["", ...ops].map(literal).join(", ")}) and outcome <> 'rejected')`);
}
