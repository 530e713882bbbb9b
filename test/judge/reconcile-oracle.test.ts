// Reconciliation against brute force: every order in which the operations on one record could have taken effect.

import fc from "fast-check";
import { expect, test } from "vitest";
import { ask } from "../../harness/judge/ask.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, type History, type Op } from "./history.ts";

/** The record, as it is at some moment: absent, or a value and a counter. */
type State = { readonly value: string; readonly stock: number } | undefined;
type Event = { readonly kind: "insert" | "update" | "delete" | "add"; readonly value: string; readonly amount: number; readonly from: number; readonly length: number; readonly outcome: "committed" | "rejected" | "indeterminate" };
type Case = { readonly base: State; readonly events: readonly Event[]; readonly held: readonly State[] };

const show = (state: State) => (state ? `${state.value}/${state.stock}` : "-");

/** What one operation makes of the record; null where it can't have been acknowledged: an insert of what is there. */
function apply(state: State, { kind, value, amount }: Event): State | null {
  if (kind === "insert") return state ? null : { value, stock: amount };
  if (!state || kind === "delete") return undefined;
  return kind === "update" ? { ...state, value } : { ...state, stock: state.stock + amount };
}

/** Every final state that some admissible history gives. */
function outcomes(base: State, events: readonly Event[]): Set<string> {
  const reached = new Set<string>();
  const end = (event: Event) => (event.outcome === "committed" ? event.from + event.length : Infinity);
  const walk = (state: State, left: readonly Event[]) => {
    if (left.every(({ outcome }) => outcome !== "committed")) reached.add(show(state));
    for (const event of left) {
      // It may be next unless another one that is left had ended before it began.
      if (left.some((other) => other !== event && end(other) < event.from)) continue;
      const next = apply(state, event);
      const rest = left.filter((other) => other !== event);
      if (next !== null) walk(next, rest);
      if (event.outcome === "indeterminate") walk(state, rest);
    }
  };
  walk(base, events.filter(({ outcome }) => outcome !== "rejected"));
  return reached;
}

const VALUES = ["p", "q", "r"] as const;
const state = fc.record({ value: fc.constantFrom(...VALUES), stock: fc.integer({ min: 0, max: 4 }) });
const event = (kinds: readonly Event["kind"][]): fc.Arbitrary<Event> => fc.record({
  kind: fc.constantFrom(...kinds), value: fc.constantFrom(...VALUES), amount: fc.integer({ min: -3, max: 3 }),
  from: fc.integer({ min: 0, max: 30 }), length: fc.integer({ min: 1, max: 15 }),
  outcome: fc.constantFrom("committed" as const, "committed" as const, "indeterminate" as const, "rejected" as const),
});
/** The final state is one that can be, or anything. */
const caseOf = (kinds: readonly Event["kind"][], based: boolean): fc.Arbitrary<Case> => fc.tuple(
  based ? state : fc.option(state, { nil: undefined }), fc.array(event(kinds), { maxLength: 5 }), fc.option(state, { nil: undefined }), fc.nat(), fc.boolean(), fc.integer({ min: 0, max: 19 }),
).map(([base, events, any, pick, honest, twice]) => {
  const possible = [...outcomes(base, events)];
  const chosen = possible[pick % Math.max(1, possible.length)];
  const [value = "", stock = "0"] = chosen?.split("/") ?? [];
  const held: State = honest && chosen !== undefined ? (chosen === "-" ? undefined : { value, stock: Number(stock) }) : any;
  return { base, events, held: twice === 0 && held ? [held, held] : [held] };
})
  // A history that no order explains whatever is held, such as two inserts at the same time, was never lived.
  .filter(({ base, events }) => outcomes(base, events).size > 0);

/** How values are written: the same one is told in several ways, and printed in another. */
type Dress = { readonly types: NonNullable<History["types"]>; readonly told: (value: string, turn: number) => string; readonly held: (value: string) => string; readonly count: (amount: number) => number | string };
const PLAIN: Dress = { types: ["text"], told: (value) => value, held: (value) => value, count: (amount) => amount };
const among = (forms: Readonly<Record<string, readonly string[]>>) => (value: string, turn: number) => forms[value]?.[turn % (forms[value]?.length ?? 1)] ?? "";
/** An amount as the last of many digits. */
const tiny = (amount: number) => `${amount < 0 ? "-" : ""}0.${String(Math.abs(amount)).padStart(25, "0")}`;
const DRESSES: Readonly<Record<string, Dress>> = {
  "numbers, and counters of 25 decimals": {
    types: ["numeric", "numeric"], count: tiny, held: (value) => ({ p: "1.50", q: "1.500000000000000000000000000001", r: "0.00" })[value] ?? "",
    told: among({ p: ["1.5", "15e-1", "+1.500", "01.50"], q: ["1.500000000000000000000000000001", "1500000000000000000000000000001e-30"], r: ["0", "-0.0", "0e9"] }),
  },
  "moments, and counters beyond doubles": {
    types: ["timestamptz", "int8"], count: (amount) => String(BigInt(amount) * 9_007_199_254_740_993n), held: (value) => ({ p: "2026-01-01 00:00:00+00", q: "2026-01-01 00:00:00.001+00", r: "2025-12-31 19:00:00+00" })[value] ?? "",
    told: among({ p: ["2026-01-01T00:00:00Z", "2026-01-01T05:45:00+05:45", "2026-01-01 00:00:00+00"], q: ["2026-01-01T00:00:00.001Z", "2025-12-31T23:00:00.001-01"], r: ["2025-12-31T19:00:00.000Z", "2026-01-01T00:00:00+05:00"] }),
  },
  "texts that are the same number": { types: ["text"], told: (value) => ({ p: "1.10", q: "1.1", r: "01.1" })[value] ?? "", held: (value) => ({ p: "1.10", q: "1.1", r: "01.1" })[value] ?? "", count: (amount) => amount },
};

/** Judges many records at once; the harms of each. */
async function harmsOf(cases: readonly Case[], { types, told, held, count }: Dress): Promise<string[][]> {
  await using folder = await temporaryFolder();
  const rows = (states: readonly (readonly [number, State])[]) => states.filter(([, s]) => s !== undefined).map(([i, s]) => [`k${i}`, s ? held(s.value) : null, count(s?.stock ?? 0)] as const);
  const ops = cases.flatMap(({ events }, i): Op[] => events.map(({ kind, value: plain, amount: units, from, length, outcome }, turn) => { const [value, amount] = [told(plain, turn + i), count(units)]; return {
    at: from, took: length, outcome,
    effects: [{ key: `k${i}`, kind, ...(kind === "insert" ? { value: { value, stock: amount } } : kind === "update" ? { value: { value } } : kind === "add" ? { value: { stock: amount } } : {}) }],
  }; }));
  record(folder.path, { types, before: rows(cases.map(({ base }, i) => [i, base])), after: rows(cases.flatMap(({ held }, i) => held.map((s) => [i, s] as const))), ops });
  const [harms = []] = await ask(folder.path, ["select key, harm from harms order by key, harm"]);
  const found = cases.map((): string[] => []);
  for (const { key, harm } of harms) found[Number(String(key).slice(1))]?.push(String(harm));
  return found;
}

type Tally = { admissible: number; inadmissible: number };

async function compare(cases: readonly Case[], tally: Tally, dress: Dress): Promise<void> {
  const found = await harmsOf(cases, dress);
  cases.forEach(({ base, events, held }, i) => {
    const admissible = held.length === 1 && outcomes(base, events).has(show(held[0]));
    tally[admissible ? "admissible" : "inadmissible"]++;
    const harms = found[i] ?? [];
    const story = JSON.stringify({ base, events, held: held.map(show), harms });
    // What may be so is never called a certain harm; what can't be so is never passed over.
    if (admissible) expect(harms.filter((harm) => harm !== "write-possibly-lost"), story).toEqual([]);
    else expect(harms, story).not.toEqual([]);
  });
}

for (const [name, kinds, based] of [
  ["one owner's and contended updates", ["update"], true],
  ["changes of a counter", ["add"], true],
  ["inserts, updates and deletes", ["insert", "update", "delete"], false],
  ["everything", ["insert", "update", "delete", "add"], false],
] as const) {
  test(`${name}: what is admissible is decided as brute force does`, { timeout: 60_000 }, async () => {
    const tally: Tally = { admissible: 0, inadmissible: 0 };
    // What it has found is to be told, and not to be lost in making it smaller.
    await fc.assert(fc.asyncProperty(fc.array(caseOf(kinds, based), { minLength: 1, maxLength: 400, size: "max" }), (cases) => compare(cases, tally, PLAIN)), { numRuns: 12, interruptAfterTimeLimit: 40_000 });
    expect(Math.min(tally.admissible, tally.inadmissible)).toBeGreaterThan(200);
  });
}

for (const [name, dress] of Object.entries(DRESSES)) {
  test(`everything, with ${name}: what is admissible is decided as brute force does`, { timeout: 60_000 }, async () => {
    const tally: Tally = { admissible: 0, inadmissible: 0 };
    await fc.assert(fc.asyncProperty(fc.array(caseOf(["insert", "update", "delete", "add"], false), { minLength: 1, maxLength: 400, size: "max" }), (cases) => compare(cases, tally, dress)), { numRuns: 6, interruptAfterTimeLimit: 20_000 });
    expect(Math.min(tally.admissible, tally.inadmissible)).toBeGreaterThan(100);
  });
}
