// The checker against brute force: every order in which a small history could have happened.
import fc from "fast-check";
import { expect, test } from "vitest";
import { check, type Mop, type Txn } from "./build.ts";

type Lists = Map<string, number[]>;

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (let i = 0; i < items.length; i++) for (const rest of permutations([...items.slice(0, i), ...items.slice(i + 1)])) yield [items[i] as T, ...rest];
}

/** Runs a transaction on a copy of the lists; undefined when it would have read something else. */
function apply(lists: Lists, ops: readonly Mop[]): Lists | undefined {
  const next = new Map([...lists].map(([key, list]) => [key, [...list]]));
  for (const [kind, key, value] of ops) {
    const list = next.get(String(key)) ?? [];
    if (kind === "append") next.set(String(key), [...list, Number(value)]);
    else if (JSON.stringify(list) !== JSON.stringify(value)) return undefined;
  }
  return next;
}

/** Each transaction of unknown outcome may have happened or not. */
function* worlds(txns: readonly Txn[]): Generator<Txn[]> {
  const doubtful = txns.filter(({ type }) => type === "info");
  const certain = txns.filter(({ type = "ok" }) => type === "ok");
  for (let bits = 0; bits < 1 << doubtful.length; bits++) yield [...certain, ...doubtful.filter((_, i) => (bits >> i) & 1).map((txn) => ({ ...txn, ops: txn.ops.filter(([kind]) => kind === "append") }))];
}

function isSerializable(txns: readonly Txn[], strict: boolean): boolean {
  for (const world of worlds(txns)) {
    for (const order of permutations(world)) {
      if (strict && order.some((later, i) => order.slice(0, i).some((earlier) => later.type !== "info" && later.to <= earlier.from))) continue;
      let lists: Lists | undefined = new Map();
      for (const { ops } of order) lists = lists && apply(lists, ops);
      if (lists) return true;
    }
  }
  return false;
}

/** Snapshot isolation: reads from the commits before its start; two that write one key don't overlap. */
function isSnapshotIsolated(txns: readonly Txn[]): boolean {
  const starts = new Array<Lists>();
  const writes = txns.map(({ ops }) => new Set(ops.filter(([kind]) => kind === "append").map(([, key]) => key)));
  const step = (state: readonly ("idle" | "running" | "done")[], lists: Lists, since: readonly (readonly number[])[]): boolean => {
    if (state.every((s) => s === "done")) return true;
    return txns.some(({ ops }, i) => {
      if (state[i] === "idle") {
        const before = starts[i];
        starts[i] = lists;
        if (apply(lists, ops) && step(state.with(i, "running"), lists, since.with(i, []))) return true;
        if (before) starts[i] = before;
        return false;
      }
      if (state[i] !== "running") return false;
      if (since[i]?.some((other) => [...(writes[i] ?? [])].some((key) => writes[other]?.has(key)))) return false;
      const next = apply(lists, ops.filter(([kind]) => kind === "append"));
      return next !== undefined && step(state.with(i, "done"), next, since.map((list, j) => (state[j] === "running" && j !== i ? [...list, i] : list)));
    });
  };
  return step(txns.map(() => "idle"), new Map(), txns.map(() => []));
}

/** Up to four transactions on two keys, reading prefixes of some order; now and then what a serial run would read. */
const histories = (doubt: boolean) => fc.array(fc.record({
  from: fc.integer({ min: 0, max: 6 }), length: fc.integer({ min: 1, max: 4 }), kinds: fc.array(fc.tuple(fc.boolean(), fc.constantFrom("x", "y"), fc.nat(3)), { minLength: 1, maxLength: 3 }),
  serial: fc.boolean(), info: fc.boolean(),
}), { minLength: 2, maxLength: 4 }).chain((plan) => fc.constant(plan).map((list) => {
  let element = 0;
  const final = new Map<string, number[]>([["x", []], ["y", []]]);
  const withAppends = list.map(({ kinds, from, length, serial, info }) => {
    const seen = new Map([...final].map(([key, values]) => [key, [...values]]));
    const ops = kinds.map(([isAppend, key, n]) => {
      if (!isAppend) return ["r", key, n, (serial ? seen.get(key)?.length : undefined)] as const;
      element++;
      (final.get(key) as number[]).push(element);
      (seen.get(key) as number[]).push(element);
      return ["append", key, element] as const;
    });
    return { ops, from, to: from + length, info };
  });
  return withAppends.map(({ ops, from, to, info }): Txn => ({
    from, to, type: doubt && info ? "info" : "ok",
    ops: ops.map((op): Mop => (op[0] === "append" ? ["append", op[1], op[2]] : ["r", op[1], (final.get(op[1]) as number[]).slice(0, op[3] ?? op[2])])),
  }));
}));

/** A last transaction that reads everything, so that the order of all versions is known. */
function withFinalRead(txns: readonly Txn[]): Txn[] {
  const order = (key: string) => txns.flatMap(({ ops }) => ops.filter(([kind, k]) => kind === "append" && k === key).map(([, , value]) => Number(value)));
  return [...txns, { ops: [["r", "x", order("x")], ["r", "y", order("y")]], from: 20, to: 21 }];
}

const RUNS = { numRuns: 1_500 };

test("with every version known, serializable and strictly so are decided exactly", { timeout: 60_000 }, () => {
  const seen = { held: 0, broken: 0 };
  fc.assert(fc.property(histories(false), (plain) => {
    const txns = withFinalRead(plain);
    for (const [model, strict] of [["serializable", false], ["strict-serializable", true]] as const) {
      const truth = isSerializable(txns, strict);
      const { valid } = check(txns, model);
      seen[truth ? "held" : "broken"]++;
      if (valid !== "unknown") expect(valid).toBe(truth);
      else expect(truth).toBe(true);
    }
  }), RUNS);
  expect(Math.min(seen.held, seen.broken)).toBeGreaterThan(200); // both sides were really tried
});

test("with every version known, snapshot isolation is decided exactly", { timeout: 60_000 }, () => {
  const seen = { held: 0, broken: 0 };
  fc.assert(fc.property(histories(false), (plain) => {
    const txns = withFinalRead(plain);
    const truth = isSnapshotIsolated(txns);
    const { valid } = check(txns, "snapshot-isolation");
    seen[truth ? "held" : "broken"]++;
    if (valid !== "unknown") expect(valid).toBe(truth);
    else expect(truth).toBe(true);
  }), { numRuns: 600 });
  expect(Math.min(seen.held, seen.broken)).toBeGreaterThan(50);
});

test("with unknown outcomes and unseen versions, a history that could have happened is never accused", { timeout: 60_000 }, () => {
  const seen = { possible: 0, accused: 0 };
  fc.assert(fc.property(histories(true), (txns) => {
    for (const [model, strict] of [["serializable", false], ["strict-serializable", true]] as const) {
      const possible = isSerializable(txns, strict);
      const { valid, anomalies } = check(txns, model);
      if (possible) seen.possible++;
      if (valid === false) seen.accused++;
      if (possible) expect(valid, JSON.stringify(anomalies)).not.toBe(false);
    }
  }), RUNS);
  expect(Math.min(seen.possible, seen.accused)).toBeGreaterThan(200);
});
