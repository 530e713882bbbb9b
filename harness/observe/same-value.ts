// A column as text in which one value has one form: 1.50 and 1.5 are one numeric to the server, also within a document, a range, a list or a record.

import pg from "pg";

/*
 * The server prints most types in one way for one value. A numeric it prints at the scale with which it came, and so does all that is made of
 * numerics. Its own equality is no help: to it a month is 30 days, boxes of one area are one, and 0 is -0, and these are other values here.
 * So the text stands, and only the zeros that say nothing go. (A float's -0 is printed as such, and is another value than 0: 1/x tells them apart.)
 */
export type Form =
  | "number"
  /** Text in which all digits are those of numbers: ranges and lists of numerics. */
  | "numbers"
  /** A jsonb: digits may be those of a text, so that its hash, which knows what is which, has to agree as well. */
  | "document"
  /** A record, field by field. */
  | readonly (readonly [field: string, form: Form | null])[];

type Part = { readonly oid: number; readonly via: "domain" | "element" | "field"; readonly field: string | null; readonly part: number };

const PARTS = `
  with recursive parts as (
    select p.* from unnest($1::oid[]) t (oid) cross join lateral (${partsOf("t.oid")}) p
    union
    select p.* from parts cross join lateral (${partsOf("parts.part")}) p)
  select oid::int8::int as oid, via, field, part::int8::int as part from parts order by oid, num`;

/** Of what a type consists. */
function partsOf(oid: string): string {
  return `select t.oid, 'domain' as via, null::text as field, 0 as num, t.typbasetype as part from pg_catalog.pg_type t where t.oid = ${oid} and t.typtype = 'd'
    union all select t.oid, 'element', null, 0, t.typelem from pg_catalog.pg_type t where t.oid = ${oid} and t.typtype = 'b' and t.typlen = -1 and t.typelem <> 0
    union all select ${oid}, 'element', null, 0, r.rngsubtype from pg_catalog.pg_range r where ${oid} in (r.rngtypid, r.rngmultitypid)
    union all select t.oid, 'field', a.attname::text, a.attnum::int, a.atttypid from pg_catalog.pg_type t join pg_catalog.pg_class c on c.oid = t.typrelid
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where t.oid = ${oid} and t.typtype = 'c'`;
}

const NUMERIC = 1700;
const JSONB = 3802;

/** The forms of types, by OID; a type that is not there is printed in one way. */
export async function formsOf(client: pg.Client, types: readonly number[]): Promise<ReadonlyMap<number, Form>> {
  if (types.length === 0) return new Map();
  const { rows } = await client.query<Part>(PARTS, [[...new Set(types)]]);
  const parts = Map.groupBy(rows, ({ oid }) => oid);
  const form = (oid: number): Form | undefined => {
    if (oid === NUMERIC) return "number";
    if (oid === JSONB) return "document";
    const of = parts.get(oid) ?? [];
    const [first] = of;
    if (first?.via === "domain") return form(first.part);
    if (first?.via === "element") return ["number", "numbers"].includes(String(form(first.part))) ? "numbers" : undefined;
    const fields = of.map(({ field, part }) => [String(field), form(part) ?? null] as const);
    return fields.some(([, inner]) => inner !== null) ? fields : undefined;
  };
  return new Map(types.flatMap((oid) => {
    const found = form(oid);
    return found === undefined ? [] : [[oid, found] as const];
  }));
}

/** An expression as text, byte for byte: to a nondeterministic collation a and A are one, and have one digest. */
const plain = (value: string) => `(${value}::text collate pg_catalog."C")`;
const without = (value: string, pattern: string, instead: string) => `pg_catalog.regexp_replace(${value}, '${pattern}', ${instead}, 'g')`;
/** Takes away the zeros at the ends of decimals. The first test is quick, and most texts have no point. */
const trimmed = (text: string) => `(case when ${text} like '%.%0%' then ${without(without(text, "([.][0-9]*[1-9])0+(?![0-9])", "E'\\\\1'"), "[.]0+(?![0-9])", "''")} else ${text} end)`;

/** @param value an expression of the type whose form is given */
export function sameValue(value: string, form: Form | null | undefined): string {
  if (form === undefined || form === null) return plain(value);
  if (form === "number") return plain(`pg_catalog.trim_scale(${value})`);
  if (form === "numbers") return trimmed(plain(value));
  // What is made of zeros and points the hash tells; everything else, as what lies within what, the text. A regular expression would take twenty times as long.
  if (form === "document") return `(pg_catalog.translate(${plain(value)}, '.0', '') || '#' || pg_catalog.jsonb_hash_extended(${value}, 0))`;
  return `(case when ${value} is distinct from null then row(${form.map(([field, inner]) => sameValue(`(${value}).${pg.escapeIdentifier(field)}`, inner)).join(", ")})::text collate pg_catalog."C" end)`;
}
