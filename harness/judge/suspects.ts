// Which records need a judge at all: most are what the last acknowledged write left, and one pass over columns sees it.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier, literal } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";
import { plainly, type ValueKind } from "../evidence/values.ts";
import { counterKind } from "./counters.ts";

/*
 * A record is beyond suspicion when its operations, taken in the order in which they began, give what is held. That
 * is an admissible history: each took effect at its start, which lies between its start and its end. Only
 * the plain cases are asked for, all of them without an operation in doubt:
 *
 *   nobody touched it      and it is held as it was
 *   updated, or counted    it was there, and each field has what the last of its writes set, or what it had
 *   inserted once          it was not there, nothing else began before the insert had ended, and the same of its fields;
 *                          a field that nobody set (a default) is nobody's claim
 *   deleted                it was there, nobody inserted it, and it is not held
 *   updated, never there   and not held: updates of nothing
 *
 * Everything else is a suspect, and the rules of reconcile.ts decide. So what is wrongly suspected costs
 * time, and nothing more. Where two writes began in the same nanosecond either may be the last; the rules admit both.
 */

const INSERT = 1;
const DELETE = 4;
const DOUBT = 16;
const CODE = `case kind when 'insert' then ${INSERT} when 'update' then 2 when 'delete' then ${DELETE} else 8 end::utinyint + case when outcome <> 'committed' or "#closer" then ${DOUBT} else 0 end::utinyint`;

/** How many buckets the run was packed in. */
export async function countBuckets(database: EvidenceDatabase, entities: readonly Entity[]): Promise<number> {
  const tables = ["effects", ...entities.flatMap(({ name }) => [`before_${name}`, `after_${name}`])];
  const [row] = await database.rows(`select max(last)::double as last from (${tables.map((table) => `select max("#bucket") as last from buckets.${identifier(table)}`).join(" union all ")})`);
  return Number(row?.["last"] ?? 0) + 1;
}

/** The fields that the run's effects set, as `#set` names them. */
export async function recordedFields(database: EvidenceDatabase): Promise<string[]> {
  return (await database.rows(`select column_name from (describe select unnest("#set") from buckets.effects)`)).map((row) => String(row["column_name"]));
}

type Search = {
  /** Of the records as they are held. */
  readonly fields: readonly string[];
  /** Those that the baseline has, too. */
  readonly known: ReadonlySet<string>;
  readonly recorded: readonly string[];
  readonly bucket: number;
};

/** Adds the suspects among an entity's records in one bucket to the table `suspects`. @return how many they are */
export async function findSuspects(database: EvidenceDatabase, { name, key: keyColumn, counters }: Entity, { fields, known: inBase, recorded, bucket }: Search): Promise<number> {
  const key = identifier(keyColumn);
  const known = new Set(recorded.map((field) => field.toLowerCase())); // DuckDB doesn't tell Name from name
  const value = (field: string) => (known.has(field.toLowerCase()) ? `"#set".${identifier(field)}` : "null::varchar");
  const set = fields.filter((field) => !counters.includes(field));
  const kind = (field: string) => database.columns.kind(name, field);
  const amount = (field: string, text: string) => amountOf(counterKind(database, name, field), text);
  const last = set.map((field, i) => `arg_max(${value(field)}, start) filter (code <> 8) as v${i}`);
  const sums = counters.flatMap((field, i) => [`sum(${amount(field, value(field))}) as c${i}`, `bool_or(${value(field)} is not null and ${amount(field, value(field))} is null) as odd${i}`]);
  const untouched = fields.filter((field) => inBase.has(field)).map((field) => differ(kind(field), `h.${identifier(field)}`, `b.${identifier(field)}`));
  const written = set.map((field, i) => {
    const [is, was] = [`h.${identifier(field)}`, `b.${identifier(field)}`];
    return `case when l.v${i} is not null then ${differ(kind(field), is, `l.v${i}`)} else ${inBase.has(field) ? `b.${key} is not null and ${differ(kind(field), is, was)}` : "false"} end`;
  });
  const counted = counters.map((field, i) => {
    const [is, was] = [`h.${identifier(field)}`, `b.${identifier(field)}`];
    return `coalesce(l.odd${i}, false) or case when l.c${i} is null then b.${key} is not null and ${differ(kind(field), is, was)}
      else coalesce(${amount(field, is)} <> case when b.${key} is null then 0 else ${amount(field, was)} end + l.c${i}, true) end`;
  });
  // What is as it was, byte for byte, and what nobody touched, is not suspected: it need not even be joined.
  const differing = database.differing(name);
  const effects = `buckets.effects where entity = ${literal(name)} and "#bucket" = ${bucket} and outcome in ('committed', 'indeterminate')`;
  const looked = differing === undefined ? "" : ` and ${key} in (${differing} union select key from ${effects})`;
  const [added] = await database.rows(`insert into suspects
    with latest as (
      select key, bit_or(code) as codes, count(*) filter (code & ${INSERT} > 0) as inserts,
        max("end") filter (code & ${INSERT} > 0) as inserted_by, min(start) filter (code & ${INSERT} = 0) as others_from${[...last, ...sums].map((column) => `, ${column}`).join("")}
      from (select *, ${CODE} as code from ${effects}) group by key),
    h as (select * from buckets.${identifier(`after_${name}`)} where "#bucket" = ${bucket}${looked}),
    b as (select * from buckets.${identifier(`before_${name}`)} where "#bucket" = ${bucket}${looked})
    select coalesce(h.${key}, b.${key}, l.key), ${bucket}
    from h full join b on h.${key} = b.${key} full join latest l on l.key = coalesce(h.${key}, b.${key})
    where coalesce(case
      when l.key is null then h.${key} is null or b.${key} is null${untouched.map((test) => ` or ${test}`).join("")}
      when l.codes >= ${DOUBT} then true
      when l.codes & ${DELETE} > 0 then b.${key} is null or h.${key} is not null or l.inserts > 0
      when l.inserts = 0 and b.${key} is null and h.${key} is null then false
      when h.${key} is null or l.inserts > 1 or (l.inserts = 0) <> (b.${key} is not null) or coalesce(l.inserted_by > l.others_from, false) then true
      else ${["false", ...written, ...counted].join(" or ")} end, true)
    union select ${key}, ${bucket} from buckets.${identifier(`after_${name}`)} where "#bucket" = ${bucket}${looked} group by ${key} having count(*) > 1`);
  return Number(added?.["Count"]);
}

/** Decimals of a counter that is quick to sum; most have fewer. */
const QUICK_DECIMALS = 6;

/** A counter as a number that is quick to read, and exact; null for what is none, too large, or has more decimals. */
function amountOf({ of, keeps = QUICK_DECIMALS }: ValueKind, text: string): string {
  const decimals = Math.min(keeps, 9);
  if (of !== "number" || decimals < 0) return "null::decimal(18, 0)"; // every record that is counted is a suspect
  return `case when regexp_full_match(${text}, '-?[0-9]+${decimals === 0 ? "" : `(\\.[0-9]{0,${decimals}})?`}') then try_cast(${text} as decimal(18, ${decimals})) end`;
}

/** Do two values differ? What isn't quick to say makes a suspect. */
function differ(kind: ValueKind, a: string, b: string): string {
  const otherwise = ["text", "json", "other"].includes(kind.of) ? "true" : `coalesce(${plainly(kind, a)} <> ${plainly(kind, b)}, true)`;
  return `(case when ${a} = ${b} then false when ${a} is null or ${b} is null then not (${a} is null and ${b} is null) else ${otherwise} end)`;
}
