// Takes the records that the rules can't decide alone, and decides them one by one.

import type { EvidenceDatabase, Row } from "../evidence/database.ts";
import { identifier, literal as text } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";
import { canonical, type ValueKind } from "../evidence/values.ts";
import { FLOAT, isAdmissible, MOST_OPERATIONS, UNSURE, type Fields, type Operation } from "./admissible.ts";
import { counterKind } from "./counters.ts";

/** Records at a time: bounds the memory, whatever the run's size. */
const BATCH = 5_000;

/**
 * Corrects what the rules found of `entity`, in the table `harms`. Needs the tables `touched`, `fate`,
 * `held` and `base` as reconcile.ts leaves them.
 *
 * Rules judge existence and each field apart, which is exact for a record that is only updated, or
 * inserted once, or whose operations came one after the other. Where inserts or deletes overlap
 * with others or are in doubt, existence and values hang together, and where a record was inserted more than once, its
 * counters begin anew: those records are searched.
 */
export async function refine(database: EvidenceDatabase, entity: Entity): Promise<void> {
  await database.run(`create or replace temp table tangled as
    with marked as (select key, kind, outcome, start < max(case when outcome = 'committed' then "end" else 9223372036854775807 end)
        over (partition by key order by start rows between unbounded preceding and 1 preceding) as crossing
        from touched where key in (select key from fate where comes_or_goes and n between 2 and ${MOST_OPERATIONS}))
    select key, (row_number() over (order by key) - 1) // ${BATCH} as batch from (
      select key from marked group by key having coalesce(bool_or(crossing), false) or bool_or(outcome <> 'committed') or bool_or(kind = 'add') or count(*) filter (kind = 'insert') > 1
      union select key from fate where maybe_inserted and n <= ${MOST_OPERATIONS} and key in (select ${identifier(entity.key)} from base))`);
  const [last] = await database.rows("select max(batch)::double as n from tangled");
  for (let batch = 0; batch <= Number(last?.["n"] ?? -1); batch++) await refineBatch(database, entity, batch);
}

async function refineBatch(database: EvidenceDatabase, entity: Entity, batch: number): Promise<void> {
  const of = `in (select key from tangled where batch = ${batch})`;
  const touched = grouped(await database.rows(`select key, kind, outcome, start::double as start, "end"::double as "end", value::varchar as value, seq::double as seq from touched where key ${of} order by key, seq`), "key");
  const base = grouped(await database.rows(`select * from base where ${identifier(entity.key)} ${of}`), entity.key);
  const held = grouped(await database.rows(`select * from held where ${identifier(entity.key)} ${of}`), entity.key);
  const counters = new Set(entity.counters);
  const kinds: Kinds = { counted: counters, of: (field) => (counters.has(field) ? counterKind(database, entity.name, field) : database.columns.kind(entity.name, field)) };
  const cleared: string[] = [];
  const wrong: { readonly key: string; readonly there: boolean; readonly seq: number; readonly acknowledged: number }[] = [];
  for (const [key, rows] of touched) {
    const copies = held.get(key) ?? [];
    if (copies.length > 1) continue; // a duplicate is one whatever came before
    const now = copies[0] && fieldsOf(copies[0], entity.key, kinds);
    const was = base.get(key)?.[0];
    if (isAdmissible(was && fieldsOf(was, entity.key, kinds), rows.map((row) => operationOf(row, kinds)), now, counters)) cleared.push(key);
    else {
      const acknowledged = rows.filter(({ outcome }) => outcome === "committed");
      wrong.push({ key, there: now !== undefined, seq: Math.max(0, ...acknowledged.map(({ seq }) => Number(seq))), acknowledged: Math.max(0, ...acknowledged.map(({ end }) => Number(end))) });
    }
  }
  // A late effect of an operation in doubt stays what it is: possible, and unlikely.
  await inBatches(cleared, (keys) => database.run(`delete from harms where entity = '${entity.name}' and harm not in ('write-possibly-lost', 'value-shed') and key in (${keys.map(text).join(", ")})`));
  await inBatches(wrong, (rows) => database.run(`insert into harms
    select case when there then 'altered-write' else 'write-lost' end, '${entity.name}', key, null, nullif(seq, 0), nullif(acknowledged, 0), case when there then 'present' end, 'what some order of its operations gives'
    from (values ${rows.map(({ key, there, seq, acknowledged }) => `(${text(key)}, ${there}, ${seq}, ${acknowledged})`).join(", ")}) w (key, there, seq, acknowledged)
    where not exists (select 1 from harms h where h.entity = '${entity.name}' and h.key = w.key and h.harm <> 'value-shed')`));
}

/** By field, what its values are compared as. */
type Kinds = { readonly of: (field: string) => ValueKind; readonly counted: ReadonlySet<string> };

function operationOf(row: Row, kinds: Kinds): Operation {
  const certain = row["outcome"] === "committed";
  const value = JSON.parse(String(row["value"] ?? "null")) as Record<string, unknown> | null;
  return {
    kind: row["kind"] as Operation["kind"], certain, start: Number(row["start"]), end: certain ? Number(row["end"]) : Infinity,
    value: Object.fromEntries(Object.entries(value ?? {}).map(([field, content]) => [field, content === null ? null : told(field, typeof content === "object" ? JSON.stringify(content) : String(content), kinds)])),
  };
}

function told(field: string, text: string, kinds: Kinds): string {
  const form = canonical(kinds.of(field), text);
  return form === undefined ? `${UNSURE}${text}` : marked(field, form, kinds);
}

/** A counter of floats is never exact. */
const marked = (field: string, form: string, { of, counted }: Kinds) => (counted.has(field) && of(field).of.startsWith("float") ? `${FLOAT}${form}` : form);

function fieldsOf(row: Row, key: string, kinds: Kinds): Fields {
  return Object.fromEntries(Object.entries(row).filter(([field]) => field !== key)
    .map(([field, value]) => [field, value === null ? null : marked(field, canonical(kinds.of(field), String(value)) ?? String(value), kinds)]));
}

function grouped(rows: readonly Row[], by: string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = String(row[by]);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

async function inBatches<T>(items: readonly T[], work: (some: readonly T[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 1_000) await work(items.slice(at, at + 1_000));
}
