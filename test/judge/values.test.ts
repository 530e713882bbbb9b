// Values are what the server says they are: each pair is held against the judge as a seed row and as what a client was told.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import fc from "fast-check";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { canonical, digested, kindOf, plainly, LONGEST_BYTES } from "../../harness/evidence/values.ts";
import { literal } from "../../harness/evidence/duckdb.ts";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { add, insert, numeric, record, update, type History, type TypeName } from "./history.ts";

type Case = readonly [what: string, type: TypeName, told: string | number | boolean | object, held: string];

const nines = (n: number) => "9".repeat(n);
const long = (letter: string) => letter.repeat(LONGEST_BYTES + 1);

/** A client told the one, and the server prints the other of it. */
const SAME: readonly Case[] = [
  ["a text", "text", "x", "x"],
  ["a number that was told as such to a text", "text", 5, "5"],
  ["a phone number", "text", "+49 30 1234", "+49 30 1234"],
  ["blanks of char(n) are not its own", ["bpchar", 9], "AB", "AB   "],
  ["a number with more zeros", "numeric", "1.5", "1.50"],
  ["a number with an exponent", "numeric", "1e3", "1000"],
  ["a small number, as JavaScript tells it", "numeric", 1e-8, "0.00000001"],
  ["a large number, as JavaScript tells it", "numeric", 1e21, "1000000000000000000000"],
  ["minus zero", "numeric", "-0.00", "0"],
  ["a plus, and zeros before", "int8", "+0042", "42"],
  ["what the column rounds", numeric(10, 2), 0.1 + 0.2, "0.30"],
  ["what the column rounds up, through every digit", numeric(10, 2), "99.995", "100.00"],
  ["what the column rounds before the point", numeric(10, -2 & 0x7ff), "12345", "12300"],
  ["NaN", "numeric", "nan", "NaN"],
  ["an infinity", "numeric", "inf", "Infinity"],
  ["five hundred decimals", "numeric", `0.${nines(500)}`, `0.${nines(500)}000`],
  ["a hundred thousand digits", "numeric", nines(100_000), `${nines(100_000)}.0`],
  ["a float of four bytes", "float4", "0.1", "0.1"],
  ["a float of four bytes, told with more digits", "float4", 0.10000000149, "0.1"],
  ["a float of eight bytes", "float8", "0.30000000000000004", "0.30000000000000004"],
  ["a float in another form", "float8", "1e20", "1e+20"],
  ["floats have minus zero, which is zero", "float8", "0", "-0"],
  ["money", "money", 1234.5, "$1,234.50"],
  ["money that is owed", "money", "-1234.50", "-$1,234.50"],
  ["true", "bool", true, "t"],
  ["false, in words", "bool", "no", "f"],
  ["a moment of JavaScript", "timestamptz", "2026-01-01T00:00:00.000Z", "2026-01-01 00:00:00+00"],
  ["a moment with thousandths", "timestamptz", "2026-01-01T00:00:00.120Z", "2026-01-01 00:00:00.12+00"],
  ["a moment in another zone", "timestamptz", "2025-12-31T19:30:00-04:30", "2026-01-01 00:00:00+00"],
  ["a moment across a leap day", "timestamptz", "2024-03-01T00:30:00+01:00", "2024-02-29 23:30:00+00"],
  ["a time of day and no zone", "timestamp", "2026-01-01T12:00", "2026-01-01 12:00:00"],
  ["a day", "date", "2026-01-01T00:00:00.000Z", "2026-01-01"],
  ["infinity is a moment", "timestamptz", "infinity", "infinity"],
  ["an uuid in capitals", "uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
  ["bytes in capitals", "bytea", "\\xDEADBEEF", "\\xdeadbeef"],
  ["a document with its keys in another order", "jsonb", { b: 1, a: [1.5, "x"] }, "{\"a\": [1.50, \"x\"], \"b\": 1}"],
  ["a document told as text", "jsonb", "{\"n\":12345678901234567890.10}", "{\"n\": 12345678901234567890.1}"],
  ["a document as it was sent", "json", { a: 1 }, "{ \"a\" : 1 }"],
  ["a range told with other zeros", "numrange", "[1.0,5.0)", "[1,5.00)"],
  ["a list told with other zeros", "_numeric", "{1.50,2}", "{1.5,2.0}"],
  ["an array, told as the server prints it", "_numeric", "{1.50,2}", "{1.50,2}"],
  ["an interval, told as the server prints it", "interval", "01:00:00", "01:00:00"],
  ["a text of some length, as its digest", "text", long("x"), digested(long("x"))],
];

/** What differs, and must be found. */
const OTHER: readonly Case[] = [
  ["zeros before are part of a text", "text", "007", "7"],
  ["a plus is part of a text", "text", "+49", "49"],
  ["zeros after are part of a text", "text", "1.10", "1.1"],
  ["an exponent is part of a text", "varchar", "1e3", "1000"],
  ["blanks are part of a text", "text", "x ", "x"],
  ["nothing is not null", "text", "null", ""],
  ["capitals are part of a text", "citext", "Alice@x", "alice@x"],
  ["a label is a text", "enum", "1.0", "1"],
  ["the fifteenth decimal", "numeric", "0.123456789012345", "0.123456789012346"],
  ["the eleventh decimal", "numeric", "1.00000000001", "1"],
  ["the last of forty digits", "numeric", `${nines(39)}1`, `${nines(39)}2`],
  ["the last of five hundred decimals", "numeric", `0.${nines(499)}1`, `0.${nines(499)}2`],
  ["NaN is no number", "numeric", "NaN", "0"],
  ["infinity is no number", "numeric", "Infinity", "NaN"],
  ["whole numbers beyond doubles", "int8", "9007199254740993", "9007199254740992"],
  ["the last digit of a float", "float8", "0.30000000000000004", "0.3"],
  ["a float cut to four bytes", "float8", "0.1", "0.10000000149011612"],
  ["another scale", numeric(10, 2), "1.234", "1.24"],
  ["money of another size", "money", "1234.5", "$12,345.00"],
  ["true is not false", "bool", true, "f"],
  ["an hour later", "timestamptz", "2026-01-01T00:00:00Z", "2026-01-01 01:00:00+00"],
  ["a microsecond later", "timestamptz", "2026-01-01T00:00:00.000001Z", "2026-01-01 00:00:00.000002+00"],
  ["a day later", "date", "2026-01-01", "2026-01-02"],
  ["another byte", "bytea", "\\xdeadbeef", "\\xdeadbeee"],
  ["another number in a document", "jsonb", { n: 1 }, "{\"n\": 2}"],
  ["a text and a number of a document", "jsonb", { n: "1" }, "{\"n\": 1}"],
  ["digits beyond doubles in a document", "jsonb", "{\"n\":0.12345678901234567891}", "{\"n\": 0.12345678901234567892}"],
  ["another number in a range", "numrange", "[1.0,5.0)", "[1.0,5.1)"],
  ["another text of some length", "text", long("x"), digested(long("y"))],
];

/** Nobody here can say for certain what the server makes of it. */
const UNSURE: readonly Case[] = [
  ["an interval in words", "interval", "1 hour", "01:00:00"],
  ["a range with blanks", "numrange", "[1, 5)", "[1,5)"],
  ["an array with blanks", "_numeric", "{1.5, 2}", "{1.5,2}"],
  ["a composite", "other", "( 1, x )", "(1,x)"],
  ["a moment in words", "timestamptz", "tomorrow", "2026-01-01 00:00:00+00"],
  ["a moment with more digits than are kept", "timestamptz", "2026-01-01T00:00:00.1234567Z", "2026-01-01 00:00:00.123457+00"],
  ["a number in words", "numeric", "one", "1"],
  ["bytes as text", "bytea", "abc", "\\x616263"],
  ["an address", "inet", "10.0.0.1/32", "10.0.0.1"],
];

async function judged(history: History) {
  await using folder = await temporaryFolder();
  return await judge(record(folder.path, history));
}
const toldAs = (value: unknown) => ({ key: "a", kind: "update", value: { value } });
const history = ([, type, told, held]: Case): History => ({ types: [type], before: [["a", null]], after: [["a", held]], ops: [{ at: 0, effects: [toldAs(told)] }] });

describe("what a client was told, and what the server prints", () => {
  test.for(SAME.map((entry) => [entry[0], entry] as const))("is the same: %s", async ([, entry]) => {
    expect((await judged(history(entry))).findings).toEqual([]);
  });

  test.for(OTHER.map((entry) => [entry[0], entry] as const))("is not the same: %s", async ([, entry]) => {
    const card = await judged(history(entry));
    expect(card.findings.map(({ kind }) => kind)).toEqual(["altered-write"]);
    expect(card.verdict).toBe("missed");
  });

  test.for(UNSURE.map((entry) => [entry[0], entry] as const))("is not known to be the same: %s", async ([, entry]) => {
    const card = await judged(history(entry));
    expect(card.findings).toEqual([]);
    expect(card.verdict).toBe("unknown");
    expect(card.doubts.join()).toContain("1 item record can't be compared in value: clients told");
  });

  test("an earlier write that was told unclearly explains nothing: the newest counts", async () => {
    const card = await judged({ types: ["interval"], before: [["a", null]], after: [["a", "01:00:00"]], ops: [{ at: 0, effects: [toldAs("1 hour")] }, { at: 100, effects: [toldAs("02:00:00")] }] });
    expect(card.verdict).not.toBe("met");
  });
});

describe("what nobody touched", () => {
  const kept = (type: TypeName, before: string | null, after: string | null, afterwards?: TypeName) =>
    judged({ types: afterwards ? [type, "numeric", afterwards] : [type], before: [["a", before]], after: [["a", after]], ops: [] });
  test.for([
    ["numeric", "1.50", "1.5"], ["numrange", "[1,5)", "[1.0,5.00)"], ["numrange", "(,1.50]", "(,1.5]"], ["nummultirange", "{[1,2.0),[3,4)}", "{[1.0,2),[3,4.0)}"],
    ["_numeric", "{1.50,NULL,NaN}", "{1.5,NULL,NaN}"], ["_numeric", "[0:1]={1.0,2}", "[0:1]={1,2.00}"], ["jsonb", "{\"a\": 1.0}", "{\"a\": 1.00}"], [["bpchar", 9], "AB", "AB   "], ["text", null, null], ["interval", "1 day", "1 day"],
  ] as const)("%s: %s is %s", async ([type, before, after]) => { expect((await kept(type, before, after)).findings).toEqual([]); });
  test.for([
    ["text", "007", "7"], ["text", "1.10", "1.1"], ["text", "1e3", "1000"], ["text", "x", "x "], ["text", "", null], ["text", null, ""], ["json", "{\"a\":1}", "{\"a\": 1}"],
    ["numeric", "0.123456789012345678", "0.123456789000000000"], ["numeric", "NaN", "0"], ["interval", "1 mon", "30 days"], ["float8", "-0", "0"], ["float4", "0", "-0"],
    ["numrange", "[1,5)", "[1,5]"], ["numrange", "[1.05,5)", "[1.5,5)"], ["nummultirange", "{[1,2)}", "{}"], ["_numeric", "{1.50}", "{1.5,1.5}"], ["_numeric", "{10}", "{1}"], ["timestamptz", "2026-01-01 00:00:00+00", "2026-01-01 01:00:00+00"],
  ] as const)("%s: %s is not %s", async ([type, before, after]) => { expect((await kept(type, before, after)).findings.map(({ kind }) => kind)).toEqual(["altered-write"]); });
  test.for([
    ["a number held as a text", "numeric", "1.50", "1.5", "text", 0], ["a whole number held as a text", "int4", "7", "7", "text", 0], ["a text held as the number that it was", "text", "7", "7", "int4", 0],
    ["a text that lost its zeros to a number", "text", "007", "7", "int4", 1], ["a wider number", "int4", "7", "7", "int8", 0], ["a number that became a float", "numeric", "0.1", "0.1", "float8", 0], ["a float that lost its sign to a number", "float8", "-0", "0", "numeric", 1],
    ["a number too long for a float", "numeric", "0.12345678901234567890", "0.12345678901234568", "float8", 1], ["json that became jsonb", "json", "{\"a\":1}", "{\"a\": 1}", "jsonb", 1],
  ] as const)("of another type: %s", async ([, before, was, is, after, findings]) => { expect((await kept(before, was, is, after)).findings).toHaveLength(findings); });
});

describe("counters are exact", () => {
  const counter = (type: TypeName, before: string | null, changes: readonly (string | number)[], after: string | null, doubtful: readonly (string | number)[] = []) => judged({
    types: ["text", type], before: [["a", "x", before]], after: [["a", "x", after]],
    ops: [...changes.map((change, i) => ({ at: i * 10, effects: [add("a", change)] })), ...doubtful.map((change, i) => ({ at: 1000 + i * 10, outcome: "indeterminate" as const, effects: [add("a", change)] }))],
  });
  const huge = `1${"0".repeat(59)}`;
  test.for([
    ["eight decimals", "numeric", "0.00000000", ["0.00000001", "0.00000002"], "0.00000003", []],
    ["eight decimals, told as JavaScript does", "numeric", "0", [1e-8, 2e-8], "0.00000003", []],
    ["sixty digits", "numeric", huge, ["1"], `1${"0".repeat(58)}1`, []],
    ["thirty decimals", "numeric", "0", [`0.${"0".repeat(29)}1`, `0.${"0".repeat(29)}2`], `0.${"0".repeat(29)}3`, []],
    ["doubt about one of them", "numeric", huge, [], `1${"0".repeat(58)}5`, ["5", "7"]],
    ["whole numbers beyond doubles", "int8", "9007199254740993", ["2"], "9007199254740995", []],
    ["floats in any order", "float8", "0", [0.1, 0.2, 0.3], "0.6", []],
    ["null and something is null", "numeric", null, ["1"], null, []],
    ["NaN and something is NaN", "numeric", "NaN", ["1"], "NaN", []],
    ["what the column rounds", numeric(10, 2), "0", ["0.005"], "0.01", []],
    ["a change of nothing in doubt", "numeric", "1", [], "1", ["0"]],
  ] as const)("%s", async ([, type, before, changes, after, doubtful]) => { expect((await counter(type, before, changes, after, doubtful)).findings).toEqual([]); });
  test.for([
    ["the eighth decimal", "numeric", "0.00000000", ["0.00000001", "0.00000002"], "0.00000004", []],
    ["the last of sixty digits", "numeric", huge, ["1"], `1${"0".repeat(58)}2`, []],
    ["the thirtieth decimal", "numeric", "0", [`0.${"0".repeat(29)}1`], `0.${"0".repeat(29)}2`, []],
    ["a sum that no doubt gives", "numeric", huge, [], `1${"0".repeat(58)}6`, ["5", "7"]],
    ["a sum that no doubt of eight decimals gives", "numeric", "0", [], "0.00000006", ["0.00000005", "0.00000007"]],
    ["whole numbers beyond doubles", "int8", "9007199254740993", ["2"], "9007199254740996", []],
    ["floats that lost one", "float8", "0", [0.1, 0.2, 0.3], "0.3", []],
    ["a counter that is null", "numeric", "5", ["1"], null, []],
    ["a counter that became NaN", "numeric", "5", ["1"], "NaN", []],
  ] as const)("wrong: %s", async ([, type, before, changes, after, doubtful]) => { expect((await counter(type, before, changes, after, doubtful)).findings.map(({ kind }) => kind)).toEqual(["altered-write"]); });
});

describe("an entity of nothing but its key and a counter", () => {
  test.for([["0.00000003", 0], ["0.00000004", 1]] as const)("that holds %s", async ([held, findings]) => {
    await using folder = await temporaryFolder();
    record(folder.path, { before: [["a", null, 0]], after: [["a", null, held]], ops: [{ at: 0, effects: [add("a", "0.00000001")] }, { at: 10, effects: [add("a", "0.00000002")] }] });
    for (const [when, stock] of [["before", "0"], ["after", held]] as const) writeFileSync(join(folder.path, when, "entity-item.csv.zst"), zstdCompressSync(`key,stock\na,${stock}\n`));
    expect((await judge(folder.path)).findings).toHaveLength(findings);
  });
});

describe("effects that nobody declared", () => {
  test.for([
    ["an entity", { entity: "nobody", key: "a", kind: "insert", value: {} }, "the system declares no entity nobody"],
    ["a kind", { key: "a", kind: "upsert", value: { value: "1" } }, "of kind insert, update, delete or add"],
    ["a change of what is no counter", { key: "a", kind: "add", value: { value: "0" } }, "value is no counter"],
    ["a counter that is set", { key: "a", kind: "update", value: { stock: 0 } }, "which is a counter"],
  ] as const)("make the run unknown: %s", async ([, effect, says]) => {
    const card = await judged({ before: [["a", "x"]], after: [["a", "x"]], ops: [{ at: 0, effects: [effect] }] });
    expect(card.verdict).toBe("unknown");
    expect(card.doubts.join()).toContain(says);
  });
  test("are none where all are declared", async () => {
    expect((await judged({ before: [["a", "x"]], after: [["a", "y", 1], ["b", "z"]], ops: [{ at: 0, effects: [update("a", "y"), add("a", 1)] }, { at: 0, effects: [insert("b", "z")] }] })).doubts).toEqual([]);
  });
});

describe("the quick form and the careful one agree", () => {
  let connection: DuckDBConnection;
  beforeAll(async () => { connection = await (await DuckDBInstance.create(":memory:")).connect(); });
  afterAll(() => connection.closeSync());
  const digits = fc.stringMatching(/^[-+]?[0-9]{0,25}(\.[0-9]{0,25})?(e[-+]?[0-9]{1,2})?$/);
  const texts = fc.oneof(digits, fc.string(), fc.constantFrom("t", "true", "NaN", "-0", "0.0", "-0.10", "1.", ".5", "00", "2026-01-01 00:00:00+00", "2026-01-01T00:00:00.10Z", "2026-13-01T00:00:00Z", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "\\xAB", "{}"));
  const column = (base: string, modifier = -1) => ({ name: "x", type: base, base, modifier });
  test.for([["text"], ["bpchar"], ["int4"], ["numeric"], ["numeric", ((10 << 16) | 2) + 4], ["money"], ["float8"], ["bool"], ["timestamptz"], ["timestamptz", 2], ["uuid"], ["jsonb"], ["interval"]] as const)("of %s", async ([base, modifier = -1]) => {
    const kind = kindOf(column(base, modifier));
    await fc.assert(fc.asyncProperty(fc.array(texts.filter((text) => !text.includes("\0")), { maxLength: 200 }), async (values) => {
      if (values.length === 0) return;
      const result = await connection.runAndReadAll(`select v, ${plainly(kind, "v")} from (values ${values.map((value) => `(${literal(value)})`).join(", ")}) t(v)`);
      for (const [value, quick] of result.getRowsJS() as [string, string | null][]) if (quick !== null) expect(quick, value).toBe(canonical(kind, value));
    }), { numRuns: 20 });
  });
});
