import { describe, expect, test } from "vitest";
import { checkIsolation } from "../../../harness/judge/isolation/check.ts";
import { classify } from "../../../harness/judge/isolation/cycles.ts";
import { isolationJson, tell } from "../../../harness/judge/isolation/describe.ts";
import { MODELS, type Model } from "../../../harness/judge/isolation/model.ts";
import { renderCycle } from "../../../reports/cycle.ts";
import { check, inMemory, load, type Mop, type Txn } from "./build.ts";

const a = (key: string, element: number): Mop => ["append", key, element];
const r = (key: string, ...list: number[]): Mop => ["r", key, list];
/** Transactions that all overlap: no real time among them. */
const together = (...txns: (readonly Mop[])[]): Txn[] => txns.map((ops) => ({ ops, from: 0, to: 10 }));
/** One after the other. */
const inTurn = (...txns: (readonly Mop[])[]): Txn[] => txns.map((ops, i) => ({ ops, from: i * 2, to: i * 2 + 1 }));

type Case = { readonly name: string; readonly txns: readonly Txn[]; readonly types: readonly string[]; readonly violates: readonly Model[] };

const ABOVE: Readonly<Record<Model, readonly Model[]>> = {
  "read-uncommitted": MODELS, "read-committed": MODELS.slice(1), "repeatable-read": ["repeatable-read", "serializable", "strict-serializable"],
  "snapshot-isolation": ["snapshot-isolation", "serializable", "strict-serializable"], serializable: ["serializable", "strict-serializable"], "strict-serializable": ["strict-serializable"],
};
const both: readonly Model[] = ["repeatable-read", "snapshot-isolation", "serializable", "strict-serializable"];

const BAD: readonly Case[] = [
  { name: "two transactions write two keys in opposite orders", types: ["G0"], violates: ABOVE["read-uncommitted"],
    txns: together([a("x", 1), a("y", 1)], [a("x", 2), a("y", 2)], [r("x", 1, 2), r("y", 2, 1)]) },
  { name: "a rolled-back append is read", types: ["G1a"], violates: ABOVE["read-committed"],
    txns: [{ ops: [a("x", 1)], from: 0, to: 10, type: "fail" }, { ops: [r("x", 1)], from: 0, to: 10 }, { ops: [a("y", 1)], from: 0, to: 10 }, { ops: [r("y", 1)], from: 0, to: 10 }] },
  { name: "a committed append stands on a rolled-back one", types: ["G1a", "dirty-update"], violates: ABOVE["read-committed"],
    txns: [{ ops: [a("x", 1)], from: 0, to: 10, type: "fail" }, ...together([a("x", 2)], [r("x", 1, 2)])] },
  { name: "a transaction is seen half-way", types: ["G1b"], violates: ABOVE["read-committed"],
    txns: together([a("x", 1), a("x", 2)], [r("x", 1)], [r("x", 1, 2)]) },
  { name: "two transactions see each other's writes", types: ["G1c"], violates: ABOVE["read-committed"],
    txns: together([a("x", 1), r("y", 1)], [a("y", 1), r("x", 1)]) },
  { name: "half of a transaction is seen", types: ["G-single"], violates: both,
    txns: together([a("x", 1), a("y", 1)], [r("x", 1), r("y")], [r("y", 1)]) },
  { name: "a read is not repeatable", types: ["G-single", "internal"], violates: both,
    txns: together([a("x", 1)], [r("x"), r("x", 1)]) },
  { name: "both change the version that both had read", types: ["lost-update", "G-single"], violates: both,
    txns: together([r("x"), a("x", 1)], [r("x"), a("x", 2)], [r("x", 1, 2)]) },
  { name: "an update is lost, and no read shows it", types: ["lost-update", "G-single"], violates: both,
    txns: together([r("x"), a("x", 1)], [r("x"), a("x", 2)], [r("x", 1)]) },
  { name: "two snapshots disagree on the order of two writes (long fork)", types: ["G-nonadjacent"], violates: both,
    txns: together([a("x", 1)], [a("y", 1)], [r("x", 1), r("y")], [r("x"), r("y", 1)]) },
  { name: "write skew", types: ["G2-item"], violates: ["repeatable-read", "serializable", "strict-serializable"],
    txns: together([r("x"), r("y"), a("y", 1)], [r("x"), r("y"), a("x", 2)], [r("x", 2), r("y", 1)]) },
  { name: "its own append is missing", types: ["internal"], violates: both, txns: together([a("x", 1), r("x")], [r("x", 1)]) },
  { name: "its own appends are out of order", types: ["internal"], violates: both, txns: together([a("x", 1), a("x", 2), r("x", 2, 1)]) },
  { name: "an append took effect twice", types: ["duplicate-elements"], violates: ABOVE["read-uncommitted"], txns: together([a("x", 1)], [r("x", 1, 1)]) },
  { name: "nobody wrote what is read", types: ["garbage-read"], violates: ABOVE["read-uncommitted"], txns: together([a("x", 1)], [r("x", 1, 9)]) },
  { name: "an append is read before it is made", types: ["future-read"], violates: ABOVE["read-uncommitted"], txns: together([r("x", 1), a("x", 1)], [r("x", 1)]) },
  { name: "two reads contradict each other", types: ["incompatible-order"], violates: ABOVE["read-committed"],
    txns: together([a("x", 1)], [a("x", 2)], [r("x", 1, 2)], [r("x", 2, 1)]) },
  { name: "a rolled-back append is read out of order", types: ["incompatible-order", "G1a"], violates: ABOVE["read-committed"],
    txns: [...together([a("x", 1)], [r("x", 1)]), { ops: [a("x", 2)], from: 0, to: 10, type: "fail" }, { ops: [r("x", 2)], from: 0, to: 10 }] },
  { name: "a write that had ended is not seen", types: ["G-single-realtime"], violates: ["strict-serializable"],
    txns: inTurn([a("x", 1)], [r("x")], [r("x", 1)]) },
  { name: "a write that had ended is not seen, and never will be", types: ["G-single-realtime"], violates: ["strict-serializable"],
    txns: inTurn([a("x", 1)], [r("x")]) },
  { name: "a write is seen before it begins", types: ["G1c-realtime"], violates: ["strict-serializable"],
    txns: inTurn([r("x", 1)], [a("x", 1)]) },
  { name: "writes are ordered against time", types: ["G0-realtime"], violates: ["strict-serializable"],
    txns: [...inTurn([a("x", 2)], [a("x", 1)]), { ops: [r("x", 1, 2)], from: 0, to: 10 }] },
  { name: "a process does not see its own last write", types: ["G-single-process"], violates: ["strict-serializable"],
    txns: [{ ops: [a("x", 1)], from: 0, to: 1, process: 7 }, { ops: [r("x")], from: 2, to: 3, process: 7 }, { ops: [r("x", 1)], from: 0, to: 9, process: 8 }] },
];

describe("anomalies", () => {
  test.for(BAD)("$name: $types", ({ txns, types, violates }) => {
    const strict = check(txns, "strict-serializable");
    for (const type of types) expect([...strict.counts.keys()]).toContain(type);
    expect(MODELS.filter((model) => check(txns, model).valid === false).sort()).toEqual([...violates].sort());
  });

  test.for(BAD)("$name: every cycle that is told is what its name says, and simple", ({ txns }) => {
    const history = load(txns);
    for (const anomaly of checkIsolation(history, "strict-serializable").anomalies) {
      if (!anomaly.steps) continue;
      const { type, order } = classify(anomaly.steps);
      expect(anomaly.type).toBe(`${type}${order}`);
      expect(new Set(anomaly.steps.map((step) => step.from)).size).toBe(anomaly.steps.length);
      anomaly.steps.forEach((step, i) => expect(step.to).toBe(anomaly.steps?.[(i + 1) % anomaly.steps.length]?.from));
      const told = tell(history, anomaly);
      expect(told.text).not.toContain("of the order of a key's elements");
      expect(renderCycle(told)).toContain(`>${told.steps?.[0]?.edge}</text>`);
    }
  });

  test.for(BAD)("$name: the same when built in memory", ({ txns }) => {
    if (txns.some(({ ops }) => ops.some(([, , value]) => typeof value === "string"))) return;
    expect(isolationJson(inMemory(txns), checkIsolation(inMemory(txns), "strict-serializable"))).toEqual(isolationJson(load(txns), checkIsolation(load(txns), "strict-serializable")));
  });

  const GOOD: readonly { readonly name: string; readonly txns: readonly Txn[] }[] = [
    { name: "one after the other", txns: inTurn([a("x", 1)], [r("x", 1), a("x", 2)], [r("x", 1, 2)]) },
    { name: "overlapping transactions may be ordered either way", txns: together([a("x", 1)], [r("x")], [r("x", 1)]) },
    { name: "a transaction of unknown outcome was seen", txns: [{ ops: [a("x", 1)], from: 0, to: 1, type: "info" }, { ops: [r("x", 1)], from: 2, to: 3 }] },
    { name: "a transaction of unknown outcome was not seen at first, and was later", txns: [{ ops: [a("x", 1)], from: 0, to: 1, type: "info" }, { ops: [r("x")], from: 2, to: 3 }, { ops: [r("x", 1)], from: 4, to: 5 }] },
    { name: "a failed transaction was not seen", txns: [{ ops: [a("x", 1)], from: 0, to: 1, type: "fail" }, ...inTurn([a("x", 2)], [r("x", 2)]).map((t) => ({ ...t, from: t.from + 4, to: t.to + 4 }))] },
    { name: "its own appends are seen in order", txns: together([r("x"), a("x", 1), r("x", 1), a("x", 2), r("x", 1, 2)], [r("x", 1, 2)]) },
    { name: "several of its own appends, and nobody looks between", txns: together([a("x", 1), a("x", 2)], [r("x", 1, 2)], [r("x")]) },
    { name: "keys and elements are strings", txns: [{ ops: [["append", "a", "one"]], from: 0, to: 1 }, { ops: [["r", "a", ["one"]]], from: 2, to: 3 }] },
    { name: "a list that was null is empty", txns: [{ ops: [["r", "x", null]], from: 0, to: 1 }, ...inTurn([a("x", 1)], [r("x", 1)]).map((t) => ({ ...t, from: t.from + 4, to: t.to + 4 }))] },
  ];
  test.for(GOOD)("holds: $name", ({ txns }) => {
    const result = check(txns, "strict-serializable");
    expect(result.valid, JSON.stringify(result.anomalies)).toBe(true);
  });

  test("stale reads that snapshot isolation allows are no violation of it, and one of strict serializability", () => {
    const txns = inTurn([a("x", 1)], [r("x")]);
    expect(check(txns, "snapshot-isolation").valid).toBe(true);
    expect(check(txns, "serializable").valid).toBe(true);
  });

  test.for([
    ["nothing happened", []],
    ["nothing committed", [{ ops: [a("x", 1)], from: 0, to: 1, type: "info" }]],
    ["nobody read", together([a("x", 1)], [a("y", 2)])],
  ] as const)("unknown: %s", ([, txns]) => {
    const result = check(txns, "serializable");
    expect(result.valid).toBe("unknown");
    expect(result.reason).toBeDefined();
  });

  test("names the weakest models that are violated", () => {
    const of = (name: string) => check(BAD.find((entry) => entry.name === name)?.txns ?? [], "strict-serializable").weakestViolated;
    expect(of("half of a transaction is seen")).toEqual(["repeatable-read", "snapshot-isolation"]);
    expect(of("write skew")).toEqual(["repeatable-read"]);
    expect(of("a write that had ended is not seen")).toEqual(["strict-serializable"]);
    expect(of("a rolled-back append is read")).toEqual(["read-committed"]);
  });

  test("tells the shortest cycle", () => {
    // A ring of eight read skews, and one of two within the same component.
    const keys = "abcdefgh".split("");
    const ring = keys.map((key, i): readonly Mop[] => [a(key, 1), r(keys[(i + 1) % keys.length] as string, 1)]);
    const [first] = check(together(...ring, [a("p", 1), r("q", 1), r("a", 1)], [a("q", 1), r("p", 1)]), "serializable").anomalies;
    expect(first?.steps).toHaveLength(2);
  });
});
