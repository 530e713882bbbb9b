// When two texts are the same value of a type: what a client told, and what the server prints of it.

import { createHash } from "node:crypto";
import { literal } from "./duckdb.ts";

/** A column of a query, as the server describes it: its type in words, the name of its base type, and the modifier of that (-1: none). */
export type Column = { readonly name: string; readonly type: string; readonly base: string; readonly modifier: number };

/*
 * Two values are the same when their canonical texts are. The server prints one value of a type always in the same way, the sessions
 * that dump being alike; only numbers are printed at the scale with which they came. What a client told may be written in
 * other ways: "2026-01-01T00:00:00Z", 1e3, true. Where no rule here is certain of what a told text means, it has no canonical
 * text, and nobody may call the record wrong for it: the judge says that it doesn't know.
 */
export type ValueKind = {
  readonly of: "text" | "char" | "number" | "money" | "float4" | "float8" | "boolean" | "timestamp" | "timestamptz" | "date" | "uuid" | "bytea" | "json" | "jsonb" | "numbers" | "other";
  /** Decimals, or digits of a second, that the column keeps; it rounds the rest. Undefined: all. */
  readonly keeps?: number;
};

export const TEXT: ValueKind = { of: "text" };
export const NUMBER: ValueKind = { of: "number" };
const INTEGER: ValueKind = { of: "number", keeps: 0 };

const KINDS: Readonly<Record<string, ValueKind>> = {
  text: TEXT, varchar: TEXT, name: TEXT, citext: TEXT, enum: TEXT, xml: TEXT, char: TEXT, bpchar: { of: "char" },
  int2: INTEGER, int4: INTEGER, int8: INTEGER, oid: INTEGER, numeric: NUMBER, money: { of: "money" }, float4: { of: "float4" }, float8: { of: "float8" },
  bool: { of: "boolean" }, timestamp: { of: "timestamp" }, timestamptz: { of: "timestamptz" }, date: { of: "date" },
  uuid: { of: "uuid" }, bytea: { of: "bytea" }, json: { of: "json" }, jsonb: { of: "jsonb" },
  numrange: { of: "numbers" }, nummultirange: { of: "numbers" }, _numeric: { of: "numbers" },
};

export function kindOf({ base, modifier }: Column): ValueKind {
  const kind = KINDS[base] ?? { of: "other" };
  if (modifier < 0) return kind;
  // The scale has eleven bits, and may be negative.
  if (base === "numeric") return { ...kind, keeps: (((modifier - 4) & 0x7ff) ^ 1024) - 1024 };
  return base.startsWith("timestamp") ? { ...kind, keeps: modifier } : kind;
}

/** Longer texts are dumped, and told, as their digest. */
export const LONGEST_BYTES = 65_536;
export const DIGEST = "turnback-sha256:";

/** A text as evidence has it: as it is, or its digest where it is long. (Whoever dumps or tells also digests what only looks like a digest.) */
export function digested(text: string): string {
  const bytes = Buffer.byteLength(text);
  return bytes > LONGEST_BYTES ? `${DIGEST}${createHash("sha256").update(text).digest("hex")}:${bytes}` : text;
}

/** The same digest, of an expression, in DuckDB's SQL. */
export const digestOf = (value: string) => `(${literal(DIGEST)} || sha256(${value}) || ':' || strlen(${value}))`;

/** The canonical text of what a client told, or a server printed; undefined where it can't be told for certain. */
export function canonical({ of, keeps }: ValueKind, text: string): string | undefined {
  if (text.startsWith(DIGEST)) return text;
  switch (of) {
    case "text": return digested(text);
    case "char": return digested(text.replace(/ +$/, ""));
    case "number": return numberOf(text, keeps);
    case "money": return moneyOf(text);
    case "float4": case "float8": return floatOf(text, of);
    case "boolean": return /^(t|true|y|yes|on|1)$/i.test(text) ? "t" : /^(f|false|n|no|off|0)$/i.test(text) ? "f" : undefined;
    case "timestamp": case "timestamptz": case "date": return momentOf(text, of, keeps ?? 6);
    case "uuid": return /^[0-9a-f]{32}$/i.test(text.replace(/[-{}]/g, "")) ? text.replace(/[-{}]/g, "").toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") : undefined;
    case "bytea": return /^\\x([0-9a-f]{2})*$/i.test(text) ? digested(text.toLowerCase()) : undefined;
    case "json": case "jsonb": return documentOf(text);
    case "numbers": return numbersOf(text);
    case "other": return undefined;
  }
}

/** A number without the zeros that say nothing: -0012.500 is -12.5, 1e3 is 1000. */
function numberOf(text: string, keeps?: number): string | undefined {
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text.trim());
  if (special) return special[2]?.toLowerCase() === "nan" ? "NaN" : special[1] === "-" ? "-Infinity" : "Infinity";
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,6}))?$/i.exec(text.trim()) ?? [];
  if (sign === undefined || whole + fraction === "" || Math.abs(Number(exponent)) > 200_000) return undefined;
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction).padEnd(point, "0").padStart(whole.length + fraction.length - Math.min(0, point), "0");
  const at = Math.max(0, point);
  const exact = plain(digits.slice(0, at), digits.slice(at));
  const rounded = keeps === undefined ? exact : roundedTo(exact, keeps);
  return rounded === "0" || sign !== "-" ? rounded : `-${rounded}`;
}

function plain(whole: string, fraction: string): string {
  const [before, after] = [whole.replace(/^0+(?=.)/, "") || "0", fraction.replace(/0+$/, "")];
  return after === "" ? before : `${before}.${after}`;
}

/** As numeric(p, s) does: half away from zero; a negative scale rounds before the point. */
function roundedTo(positive: string, scale: number): string {
  const [whole = "", fraction = ""] = positive.split(".");
  if (fraction.length <= scale) return positive;
  const digits = whole + fraction;
  const kept = whole.length + scale;
  const up = (digits[kept] ?? "0") >= "5" && kept >= 0 ? 1n : 0n;
  const units = (BigInt(digits.slice(0, Math.max(0, kept)) || "0") + up).toString();
  return scale < 0 ? plain(units === "0" ? "0" : units + "0".repeat(-scale), "") : plain(units.padStart(scale + 1, "0").slice(0, -scale || undefined), scale === 0 ? "" : units.padStart(scale + 1, "0").slice(-scale));
}

function moneyOf(text: string): string | undefined {
  const bare = text.replace(/[$,]/g, "");
  return numberOf(/^\(.*\)$/.test(bare) ? `-${bare.slice(1, -1)}` : bare, 2);
}

const BOUND = /-?(?:0|[1-9]\d*)(?:\.\d+)?|-?Infinity|infinity|NaN/;
const RANGE = `[[(](?:${BOUND.source})?,(?:${BOUND.source})?[\\])]`;
const NUMBERS = new RegExp(`^(?:empty|${RANGE}|\\{(?:${RANGE}(?:,${RANGE})*)?\\}|(?:\\[[-\\d:\\][]+\\]=)?[{},]+(?:(?:${BOUND.source}|NULL)[{},]+)*)$`);

/** Ranges and lists of numerics as the server prints them, each number without the zeros that say nothing; undefined where they are told in another way. */
function numbersOf(text: string): string | undefined {
  return NUMBERS.test(text) ? digested(text.replaceAll(/\d+\.\d+/g, (number) => numberOf(number) ?? number)) : undefined;
}

/*
 * Floats by their shortest text; zero has no sign here: a client that tells -0 says 0 in JSON. Of what the server printed twice,
 * `unchanged` in judge/field-values.ts tells -0 from 0, as two values that they are.
 */
function floatOf(text: string, of: "float4" | "float8"): string | undefined {
  const number = numberOf(text);
  if (number === undefined) return undefined;
  const value = of === "float4" ? Math.fround(Number(number)) : Number(number);
  return String(value + 0);
}

const MOMENT = /^(\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;
const SPECIAL_MOMENTS = new Set(["infinity", "-infinity"]);

/** A moment as the server prints it in UTC and ISO style. Without a zone, a timestamptz was told in the zone of the session: UTC, unless set. */
function momentOf(text: string, of: "timestamp" | "timestamptz" | "date", keeps: number): string | undefined {
  if (SPECIAL_MOMENTS.has(text)) return text;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = MOMENT.exec(text) ?? [];
  const digits = fraction.replace(/0+$/, "");
  if (year === undefined || digits.length > keeps) return undefined; // it was rounded
  if (of === "date") return `${year}-${month}-${day}`;
  const offset = /^z$/i.test(zone) || of === "timestamp" ? 0 : (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.replace(":", "").slice(3) || 0));
  const at = new Date(Date.UTC(2000, Number(month) - 1, Number(day), Number(hour), Number(minute) - offset, Number(second)));
  at.setUTCFullYear(at.getUTCFullYear() - 2000 + Number(year));
  if (Number.isNaN(at.getTime()) || Number(month) > 12 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const [date = "", time = ""] = at.toISOString().replace(/^\+0*/, "").split("T");
  return `${date} ${time.slice(0, 8)}${digits === "" ? "" : `.${digits}`}${of === "timestamptz" ? "+00" : ""}`;
}

/** A document by its content: keys in order, the last of equal ones, numbers by value. */
function documentOf(text: string): string | undefined {
  try {
    const number = (_: string, value: unknown, context?: { readonly source?: string }) => (typeof value === "number" ? { "#": numberOf(context?.source ?? String(value)) } : value);
    return digested(JSON.stringify(sorted(JSON.parse(text, number as (key: string, value: unknown) => unknown))));
  } catch {
    return undefined; // no document: told in some way of which we don't know what it means
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, content]) => [key, sorted(content)]);
}

/**
 * The canonical text in DuckDB's SQL, where that is quick to say; null for what is null, or has to be asked of {@link canonical}.
 * @param value an expression
 */
export function plainly({ of, keeps }: ValueKind, value: string): string {
  switch (of) {
    case "text": return `(case when strlen(${value}) <= ${LONGEST_BYTES} or starts_with(${value}, ${literal(DIGEST)}) then ${value} end)`;
    case "char": return `(case when strlen(${value}) <= ${LONGEST_BYTES} then rtrim(${value}, ' ') end)`;
    case "number": {
      const places = keeps === undefined ? "+" : keeps > 0 ? `{1,${Math.min(keeps, 1000)}}` : "{0}";
      return `(case when regexp_full_match(${value}, '0|-?[1-9][0-9]*') ${keeps !== undefined && keeps < 0 ? "and false " : ""}then ${value}
        ${places === "{0}" ? "" : `when regexp_full_match(${value}, '-?(0|[1-9][0-9]*)\\.[0-9]${places}') and regexp_matches(${value}, '[1-9]') then rtrim(rtrim(${value}, '0'), '.')
        when regexp_full_match(${value}, '0\\.0+') then '0'`} end)`;
    }
    case "boolean": return `(case ${value} when 't' then 't' when 'f' then 'f' when 'true' then 't' when 'false' then 'f' end)`;
    case "timestamptz": {
      const digits = (keeps ?? 6) > 0 ? `(\\.\\d{0,${(keeps ?? 6) - 1}}[1-9])?` : "";
      return `(case when regexp_full_match(${value}, '\\d{4}-\\d\\d-\\d\\d[ T]([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d${digits}(\\+00|Z)') and try_cast(left(${value}, 10) as date) is not null
        then replace(replace(${value}, 'T', ' '), 'Z', '+00') end)`;
    }
    case "uuid": return `(case when regexp_full_match(${value}, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') then lower(${value}) end)`;
    case "money": case "float4": case "float8": case "timestamp": case "date": case "bytea": case "json": case "jsonb": case "numbers": case "other": return "null::varchar";
  }
}
