// What the way back forgot is the cause of what clients are refused: it leads, and what they are refused hangs below it.

import { describe, expect, test } from "vitest";
import { judge } from "../../harness/judge/judge.ts";
import { underDetached } from "../../harness/judge/causes-first.ts";
import { underRefusedFor, type Refusal } from "../../harness/judge/refusals.ts";
import type { Finding } from "../../harness/judge/scorecard.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, update, type Op } from "./history.ts";

const finding = (kind: string, subject: string, more: Partial<Finding> = {}): Finding => ({ kind: kind as Finding["kind"], subject, detail: "changed", count: 1, examples: [], query: "", ...more });
const refused = (code: string, error: string | null, more: Partial<Refusal> = {}): Refusal => ({ op: "book", code, error, n: 9, entities: [], ...more });
const service = (code: string) => [finding("operation-refused", "book", { examples: [{ code, n: 9 }] })];
const known = { structure: [{ kind: "constraint", name: "orders: orders_pkey", detail: { table: "orders" } }], tablesOf: (entity: string) => (entity === "order" ? ["orders"] : []) };

describe("a refusal hangs below", () => {
  const found: Record<string, readonly [cause: Finding, refusal: Refusal]> = {
    "a default that is gone": [finding("column-changed", "orders.number"), refused("23502", 'null value in column "number" of relation "orders" violates not-null constraint')],
    "a column that is left over and must be filled": [finding("column-left-over", "orders.extra"), refused("23502", 'null value in column "extra" of relation "orders" violates not-null constraint')],
    "a trigger that filled a column": [finding("trigger-missing", "orders: fill_number"), refused("23502", 'null value in column "number" of relation "orders" violates not-null constraint')],
    "a right that is gone": [finding("relation-changed", "orders"), refused("42501", "permission denied for table orders")],
    "a column's right": [finding("column-changed", "orders.price"), refused("42501", "permission denied for table orders")],
    "a function that is gone": [finding("function-missing", "next_number(integer,text)"), refused("42883", "function next_number(integer, unknown) does not exist")],
    "a label that is gone": [finding("type-changed", "mood"), refused("22P02", "invalid input value for enum mood")],
    "a stricter check": [finding("constraint-changed", "orders: orders_price_check"), refused("23514", 'new row for relation "orders" violates check constraint "orders_price_check"')],
    "a partition that is gone": [finding("relation-missing", "orders_2026", { examples: [{ parents: [{ parent: "orders" }] }] }), refused("23514", 'no partition of relation "orders" found for row')],
    "an index that ON CONFLICT needs": [finding("index-missing", "orders_ref_idx", { examples: [{ table: "orders" }] }), refused("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification", { entities: ["order"] })],
    "a table that is gone, in a schema": [finding("relation-missing", "shop.orders"), refused("42P01", 'relation "shop.orders" does not exist')],
    "a trigger that raises": [finding("trigger-left-over", "orders: guard"), refused("P0001", null, { entities: ["order"] })],
    "a session that may not write": [finding("setting-left-over", "app/*"), refused("25006", "cannot execute INSERT in a read-only transaction")],
    "a sequence that is behind": [finding("stale-sequence", "orders_id_seq", { detail: "the next value is 5, the highest in orders.id is 9" }), refused("23505", 'duplicate key value violates unique constraint "orders_pkey"')],
    "a sequence that the application itself asks": [finding("sequence-repeats", "numbers", { detail: "the next value was 9 before the migration, and is 5: values are given out again" }), refused("23505", 'duplicate key value violates unique constraint "search_pkey"')],
    "a right that is gone, told by its code alone": [finding("relation-changed", "orders", { examples: [{ key: "grants", expected: '["app=SELECT"]', held: null }] }), refused("42501", null, { entities: ["order"] })],
    "a column that is gone, told by its code alone": [finding("column-missing", "orders.number"), refused("42703", null)],
    "a sequence that is behind, told by the code and what the operation writes": [finding("stale-sequence", "orders_id_seq", { detail: "the next value is 5, the highest in orders.id is 9" }), refused("23505", null, { entities: ["order"] })],
    "a view without its rows": [finding("materialized-view-unpopulated", "sums"), refused("55000", 'materialized view "sums" has not been populated')],
  };
  for (const [title, [cause, refusal]] of Object.entries(found)) test(title, () => {
    const other = finding("column-changed", "customers.number");
    const told = underRefusedFor([other, cause], service(refusal.code), [refusal], known);
    expect(told.service).toEqual([]);
    expect(told.causes).toEqual([other, { ...cause, consequences: [expect.objectContaining({ kind: "operation-refused", subject: "book" })] }]);
    expect(told.told[0]?.detail).toBe(`refused 9 times after the way back (${refusal.code}), by ${cause.kind}: ${cause.subject}`);
  });

  const none: Record<string, readonly [causes: readonly Finding[], refusals: readonly Refusal[]]> = {
    "another column of the same table": [[finding("column-changed", "orders.note")], [refused("23502", 'null value in column "number" of relation "orders" violates not-null constraint')]],
    "a column of that name of another table": [[finding("column-changed", "customers.number")], [refused("23502", 'null value in column "number" of relation "orders" violates not-null constraint')]],
    "another check": [[finding("constraint-changed", "orders: other_check")], [refused("23514", 'new row for relation "orders" violates check constraint "orders_price_check"')]],
    "an object of a kind that makes no such error": [[finding("index-missing", "orders")], [refused("42501", "permission denied for table orders")]],
    "one of two, where the server names none": [[finding("index-missing", "a", { examples: [{ table: "orders" }] }), finding("index-missing", "b", { examples: [{ table: "orders" }] })], [refused("42P10", "there is no unique constraint", { entities: ["order"] })]],
    "what explains a part of it alone": [[finding("relation-changed", "orders")], [refused("42501", "permission denied for table orders"), refused("40001", null)]],
    "a comment": [[finding("relation-changed", "orders", { examples: [{ key: "comment", expected: "a", held: null }] })], [refused("42501", "permission denied for table orders")]],
    "a right that was given": [[finding("relation-changed", "orders", { examples: [{ key: "grants", expected: null, held: '["app=SELECT"]' }] })], [refused("42501", null)]],
    "one of two columns, by the code alone": [[finding("column-missing", "orders.a"), finding("column-missing", "orders.b")], [refused("42703", null)]],
    "a sequence of another table, by the code alone": [[finding("stale-sequence", "s", { detail: "the next value is 5, the highest in notes.id is 9" })], [refused("23505", null, { entities: ["order"] })]],
    "anything, where nothing is different": [[], [refused("42501", "permission denied for table orders")]],
  };
  for (const [title, [causes, refusals]] of Object.entries(none)) test(`nothing: not ${title}`, () => {
    expect(underRefusedFor(causes, service("23502"), refusals, known)).toEqual({ causes, service: service("23502"), told: service("23502") });
  });
});

test("a run's card leads with the cause, and service is missed by it", async () => {
  await using folder = await temporaryFolder();
  const every = (gap: number, from: number, to: number, op: Omit<Op, "at">): Op[] => Array.from({ length: Math.floor((to - from) / gap) }, (_, i) => ({ ...op, at: from + i * gap }));
  const column = (fallback: string | null) => ({ kind: "column", name: "items.value", detail: { table: "items", default: fallback } });
  const card = await judge(record(folder.path, {
    before: [["a", "1"]], after: [["a", "2"]], drill: { objectives: { structure: { maxDifferences: 0 } } },
    ops: [...every(20, 10, 8_000, { op: "read" }), ...every(100, 0, 2_000, { op: "book", effects: [update("a", "2")] }), ...every(100, 5_050, 8_000, { op: "book", outcome: "rejected", code: "23502", error: 'null value in column "value" of relation "items" violates not-null constraint' })].toSorted((a, b) => a.at - b.at),
    events: [[0, { kind: "run", state: "started" }], [2_000, { kind: "migration", state: "started" }], [4_000, { kind: "rollback", state: "started", strategy: "down" }], [5_000, { kind: "rollback", state: "completed", strategy: "down" }],
      [8_000, { kind: "load", state: "stopping", observedTo: 8_000e6 }], [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }], [9_500, { kind: "run", state: "completed" }]],
    facts: { before: { structure: [column("'x'")] }, after: { structure: [column(null)] } },
  }));
  expect(card.findings.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual(["column-changed items.value"]);
  expect(card.findings[0]?.consequences).toEqual([expect.objectContaining({ kind: "operation-refused", subject: "book" })]);
  expect(card.advice).toMatchObject({ kind: "column-changed", consequence: expect.stringContaining("Clients are not served book by it.") as string });
  expect(card.objectives.find(({ name }) => name === "service")).toMatchObject({ verdict: "missed", reason: expect.stringContaining("by column-changed: items.value") as string });
});

test("that nobody went back leads, and not what the migration left", async () => {
  await using folder = await temporaryFolder();
  const card = await judge(record(folder.path, {
    before: [["a", "1"]], after: [["a", "1"]], ops: [], drill: { objectives: { structure: { maxDifferences: 0 } } },
    events: [[0, { kind: "run", state: "started" }], [2_000, { kind: "migration", state: "started" }], [4_000, { kind: "decision", state: "none", detail: "the detector did not fire within 1000 ms", by: "alert" }], [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }], [9_500, { kind: "run", state: "completed" }]],
    facts: { after: { structure: [{ kind: "column", name: "items.spare", detail: { table: "items" } }] } },
  }));
  expect(card).toMatchObject({ verdict: "missed", advice: { kind: "completion" }, summary: expect.stringMatching(/^No: The way back completes: the way back was never taken: the detector did not fire/) as string });
});

describe("rows of a partition that was detached", () => {
  const detached = finding("relation-changed", "log_2025", { detail: "parents", examples: [{ key: "parents", expected: '[{"parent":"log"}]', held: null }] });
  const facts = { unread: undefined, before: { structure: [{ kind: "relation", name: "log_2025", detail: { schema: "public", parents: [{ parent: "log", pendingDetach: false }] } }] } } as unknown as Parameters<typeof underDetached>[1];
  const lost = finding("unread-rows-lost", "log", { count: 10 });

  test("are hidden and not gone: what is missing hangs below it", () => {
    expect(underDetached([lost, detached], facts, new Map([["public.log_2025", 12]]))).toEqual([{ ...detached, detail: expect.stringContaining("12 rows are in it, hidden from who asks log") as string, consequences: [{ kind: "unread-rows-lost", subject: "log", detail: "changed" }] }]);
  });

  test("are gone where it holds fewer, where another table misses them, and where it is still attached", () => {
    const attached = { ...detached, examples: [{ key: "parents", expected: '[{"parent":"log"}]', held: '[{"parent":"log","pendingDetach":true}]' }] };
    for (const [findings, rows] of [[[lost, detached], 9], [[finding("unread-rows-lost", "orders"), detached], 12], [[lost, attached], 12]] as const) expect(underDetached(findings, facts, new Map([["public.log_2025", rows]]))).toEqual(findings);
  });
});

test("a way back that is only in doubt was taken, and does not lead", async () => {
  await using folder = await temporaryFolder();
  const card = await judge(record(folder.path, { before: [["a", "1"]], after: [["a", "x"]], ops: [] }), ["the run was changed"]);
  expect(card).toMatchObject({ verdict: "missed", advice: { kind: "altered-write" }, summary: expect.stringMatching(/^No: Consistency of data/) as string });
});
