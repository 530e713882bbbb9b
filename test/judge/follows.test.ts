// A difference of the schema leads, and what follows from it hangs below it; what may have another cause stays beside it.

import { describe, expect, test } from "vitest";
import { namesOfOthers, underDifferences, type Facts } from "../../harness/judge/follows.ts";
import type { UnreadTable } from "../../harness/judge/run-record.ts";
import type { Finding } from "../../harness/judge/scorecard.ts";
import { differencesOf } from "../support/structure.ts";

const finding = (kind: string, subject: string, more: Partial<Finding> = {}): Finding => ({ kind: kind as Finding["kind"], subject, detail: "changed", count: 1, examples: [], query: "", ...more });
const column = (table: string, name: string, type: string) => ({ kind: "column", name: `${table}.${name}`, detail: { table, type } });
const table = (name: string, more: Partial<UnreadTable> = {}): UnreadTable => ({ database: "", name, full: `public.${name}`, rows: 1, checksum: null, columns: [], entities: [], key: [], cascades: [], triggers: [], ...more });
const facts: Facts = {
  structure: [
    column("moods", "mood", "mood"), column("moods", "note", "text"), column("people", "moods", "mood[]"), column("people", "of", "regclass"), { kind: "relation", name: "visits_rest", detail: { schema: "public", parents: [{ parent: "visits", pendingDetach: false }] } }, { kind: "relation", name: "other", detail: { schema: "public" } },
    { kind: "trigger", name: "people: touch", detail: { table: "people", definition: "CREATE TRIGGER touch BEFORE UPDATE ON public.people FOR EACH ROW EXECUTE FUNCTION touch()" } },
  ],
  tablesOf: (entity) => ({ visit: ["visits"], person: ["people"] })[entity] ?? [], unread: [table("moods"), table("people")],
  counted: new Map([["public.visits_rest", 100]]), entitiesOf: new Map([["rename", ["person"]], ["book", ["visit"]], ["look", []]]),
};
const tree = (all: readonly Finding[]) => underDifferences(all, facts).map(({ kind, subject, consequences = [] }) => [`${kind} ${subject}`, ...consequences.map((one) => `${one.kind} ${one.subject}`)]);
const labels = finding("type-changed", "mood", { examples: [{ key: "labels", expected: '["sad","ok"]', held: '["ok","sad"]' }] });
const touch = finding("function-changed", "touch()", { examples: [{ key: "definition", expected: "a", held: "b" }] });
const index = finding("index-missing", "people_idx", { examples: [{ table: "people" }] });

describe("below it hangs", () => {
  const found: Record<string, readonly [cause: Finding, follows: Finding]> = {
    "an entity that names a column that is gone": [finding("column-missing", "invoices.amount"), finding("entity-unreadable", "invoice", { detail: "the query that must read it fails: column i.amount does not exist" })],
    "a rule that names it": [finding("column-missing", "invoices.amount"), finding("invariant-violated", "sums", { detail: "its query fails now: column i.amount does not exist" })],
    "an entity of a table that is gone": [finding("relation-missing", "outbox"), finding("entity-unreadable", "message", { detail: 'the query that must read it fails: relation "outbox" does not exist; it was read in the old shape' })],
    "an entity of a view without its rows": [finding("materialized-view-unpopulated", "revenue"), finding("entity-unreadable", "sum", { detail: 'the query that must read it fails: materialized view "revenue" has not been populated' })],
    "rows of a partition that is gone": [finding("relation-missing", "visits_rest"), finding("write-lost", "visit", { count: 100 })],
    "rows that no entity reads, of one": [finding("relation-missing", "visits_rest"), finding("unread-rows-lost", "visits", { count: 90 })],
    "values of a type whose labels changed places": [labels, finding("unread-values-changed", "moods")],
    "values of an array of it": [labels, finding("unread-values-changed", "people", { fields: ["moods"] })],
    "records of it": [labels, finding("altered-write", "person", { fields: ["moods"] })],
    "what a trigger's function makes slower": [touch, finding("operation-slower", "rename")],
    "what lacks an index": [index, finding("operation-slower", "rename")],
    "what reads, where nothing else can be why": [index, finding("operation-slower", "look")],
    "what a setting of the planner makes slower": [finding("setting-changed", "random_page_cost (database app)"), finding("operation-slower", "book")],
  };
  for (const [title, [cause, follows]] of Object.entries(found)) test(title, () => expect(tree([follows, cause])).toEqual([[`${cause.kind} ${cause.subject}`, `${follows.kind} ${follows.subject}`]]));
});

describe("beside it stays", () => {
  const none: Record<string, readonly Finding[]> = {
    "an entity that names another column": [finding("column-missing", "invoices.amount"), finding("entity-unreadable", "invoice", { detail: "the query that must read it fails: column i.price does not exist" })],
    "a rule that is broken by rows": [finding("column-missing", "invoices.amount"), finding("invariant-violated", "sums", { detail: "3 violations" })],
    "more rows than the partition held": [finding("relation-missing", "visits_rest"), finding("write-lost", "visit", { count: 400 })],
    "rows of another table": [finding("relation-missing", "visits_rest"), finding("write-lost", "person", { count: 10 })],
    "rows, where no partition is gone": [finding("relation-missing", "other"), finding("write-lost", "visit", { count: 10 })],
    "values of another column": [labels, finding("unread-values-changed", "moods", { fields: ["note"] })],
    "values, where only the type's owner is another": [finding("type-changed", "mood", { examples: [{ key: "owner", expected: "a", held: "b" }] }), finding("unread-values-changed", "moods")],
    "what is slower on another table": [index, finding("operation-slower", "book")],
    "what is slower, where two may be why": [index, finding("index-missing", "notes_idx", { examples: [{ table: "notes" }] }), finding("operation-slower", "look")],
    "what is slower, where only a comment is another": [finding("relation-changed", "people", { examples: [{ key: "comment", expected: "a", held: null }] }), finding("operation-slower", "rename")],
  };
  for (const [title, all] of Object.entries(none)) test(title, () => expect(tree(all)).toEqual(all.map(({ kind, subject }) => [`${kind} ${subject}`])));
});

test("values that are names of objects are said to be, and others aren't", () => {
  const told = (fields?: readonly string[]) => namesOfOthers(finding("unread-values-changed", "people", fields && { fields }), facts).detail;
  expect(told(["of"])).toContain("regclass holds the number of an object and prints its name");
  for (const fields of [["of", "moods"], ["moods"], [], undefined]) expect(told(fields)).toBe("changed");
});

describe("a rename that was not undone is one finding", () => {
  const object = (kind: string, name: string, detail: object = {}) => ({ kind, name, detail: { ...detail } });
  const of = (before: readonly ReturnType<typeof object>[], after: readonly ReturnType<typeof object>[]) => differencesOf(before, after).map(({ kind, subject, consequences = [] }) => [`${kind} ${subject}`, ...consequences.map((one) => `${one.kind} ${one.subject}`)]);
  const amount = (name: string, more: object = {}) => object("column", `i.${name}`, { table: "i", type: "numeric", position: 2, ...more });
  test("of a column, with what names it", () => {
    const view = (name: string) => object("relation", "sums", { type: "m", definition: `SELECT sum(${name}) AS n FROM i` });
    expect(of([amount("amount"), view("amount")], [amount("total"), view("total")])).toEqual([["column-missing i.amount", "column-left-over i.total", "relation-changed sums"]]);
    expect(differencesOf([amount("amount")], [amount("total")])[0]?.detail).toContain("called total now");
  });
  test("of an index, a constraint, a function, and a table with its columns", () => {
    const index = (name: string) => object("index", name, { table: "i", definition: `CREATE INDEX ${name} ON public.i USING btree (n)` });
    const check = (name: string) => object("constraint", `i: ${name}`, { table: "i", definition: "CHECK ((n > 0))" });
    const fn = (name: string) => object("function", `${name}(integer)`, { definition: `CREATE OR REPLACE FUNCTION public.${name}(integer)` });
    const items = (name: string) => [object("relation", name, { type: "r" }), object("column", `${name}.n`, { table: name, type: "integer", position: 1 })];
    expect(of([index("a")], [index("b")])).toEqual([["index-missing a", "index-left-over b"]]);
    expect(of([check("a")], [check("b")])).toEqual([["constraint-missing i: a", "constraint-left-over i: b"]]);
    expect(of([fn("a")], [fn("b")])).toEqual([["function-missing a(integer)", "function-left-over b(integer)"]]);
    expect(of(items("a"), items("b"))[0]?.slice(0, 1)).toEqual(["relation-missing a"]);
    expect(of(items("a"), items("b"))).toHaveLength(1);
  });
  test("and another type, place, table, or one of two is none", () => {
    expect(of([amount("amount")], [amount("total", { type: "text" })])).toHaveLength(2);
    expect(of([amount("amount")], [amount("total", { position: 3 })])).toHaveLength(2);
    expect(of([amount("amount")], [object("column", "j.total", { table: "j", type: "numeric", position: 2 })])).toHaveLength(2);
    expect(of([amount("amount")], [amount("total"), amount("sum")])).toHaveLength(3);
    expect(of([object("relation", "a", { type: "r" })], [object("relation", "b", { type: "r" })])).toHaveLength(2);
  });
});
