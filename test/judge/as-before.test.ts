// Service compared with itself, over recorded histories: what is worse is found, what isn't is silent, and what nobody can know is said.

import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { detectionOf } from "../../harness/judge/detection.ts";
import { judge } from "../../harness/judge/judge.ts";
import { score } from "../../harness/judge/score.ts";
import { fisher, quantileRanks } from "../../harness/judge/statistics.ts";
import type { ObjectiveResult, Verdict } from "../../harness/judge/scorecard.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, type Op } from "./history.ts";

const COURSE: readonly (readonly [number, RunEvent])[] = [
  [0, { kind: "run", state: "started" }], [2_000, { kind: "migration", state: "started" }], [4_000, { kind: "rollback", state: "started", strategy: "down" }],
  [5_000, { kind: "rollback", state: "completed", strategy: "down" }], [8_000, { kind: "load", state: "stopping", observedTo: 8_000e6 }],
  [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }], [9_500, { kind: "run", state: "completed" }],
];
const every = (gap: number, from: number, to: number, op: Omit<Op, "at">): Op[] => Array.from({ length: Math.floor((to - from) / gap) }, (_, i) => ({ ...op, at: from + i * gap }));
const refused = (code: string) => ({ outcome: "rejected" as const, code });
const usual = every(20, 0, 8_000, { op: "read" });

async function judged(ops: readonly Op[], events = COURSE) {
  await using folder = await temporaryFolder();
  const sorted = [...usual, ...ops].toSorted((a, b) => a.at - b.at);
  const card = await judge(record(folder.path, { before: [], after: [], ops: sorted, events }));
  return { card, service: card.objectives.find(({ name }) => name === "service"), kinds: card.findings.map(({ kind }) => kind), warnings: card.warnings.map(({ kind }) => kind) };
}

test("workers of the application that are done once the load has ended keep nobody from comparing", async () => {
  const settled: RunEvent = { kind: "application", state: "settled", detail: "the relay has done what there was" };
  const { service } = await judged([], [...COURSE.slice(0, 5), [8_500, settled], ...COURSE.slice(5)]);
  expect(service?.verdict, service?.reason).toBe("met");
});

describe("an operation", () => {
  const bad: Record<string, readonly [kind: string, ops: readonly Op[]]> = {
    "that is refused every time is found": ["operation-refused", [...every(100, 0, 2_000, { op: "new" }), ...every(100, 5_050, 8_000, { op: "new", ...refused("23505") })]],
    "that is rare, and refused 4 of 4 times": ["operation-refused", [...every(400, 100, 2_000, { op: "new" }), ...every(700, 5_100, 8_000, { op: "new", ...refused("23505") })]],
    "that hangs every time": ["operation-refused", [...every(200, 0, 2_000, { op: "new" }), ...every(200, 5_050, 7_000, { op: "new", outcome: "indeterminate", took: 500 })]],
    "that is refused half of the time": ["operation-fails", [...every(50, 0, 2_000, { op: "new" }), ...every(100, 5_050, 8_000, { op: "new" }), ...every(100, 5_100, 8_000, { op: "new", ...refused("53300") })]],
    "that became ten times as slow": ["operation-slower", [...every(40, 0, 2_000, { op: "new" }), ...every(40, 5_010, 8_000, { op: "new", took: 60 })]],
    "that asks for a column that is not there": ["wrong-schema-version", [...every(100, 0, 2_000, { op: "new" }), ...every(100, 5_050, 8_000, { op: "new", ...refused("42703") })]],
  };
  for (const [title, [kind, ops]] of Object.entries(bad)) test(title, async () => {
    const { card, service, kinds } = await judged(ops);
    expect(kinds).toEqual([kind]);
    expect(service?.verdict).toBe("missed");
    expect(card.verdict).toBe("missed");
    expect(card.advice?.kind).toBe(kind);
  });

  const ok: Record<string, readonly Op[]> = {
    "served as before is silent": every(50, 0, 8_000, { op: "new" }),
    "that was always refused is none of the way back's": every(50, 0, 8_000, { op: "new", ...refused("23505") }),
    "that is refused once is no finding": [...every(50, 0, 8_000, { op: "new" }), { at: 6_001, op: "new", ...refused("40001") }],
    "refused just after the way back, and served then, is as before": [...every(50, 0, 2_000, { op: "new" }), ...every(50, 5_010, 5_200, { op: "new", ...refused("08006") }), ...every(50, 5_210, 8_000, { op: "new" })],
    "twice as slow on a busy machine is within what machines do": [...every(40, 0, 2_000, { op: "new" }), ...every(40, 5_010, 8_000, { op: "new", took: 10 })],
    "that is slow for one moment is not slower": [...every(40, 0, 5_000, { op: "new" }), ...every(40, 5_010, 5_600, { op: "new", took: 200 }), ...every(40, 5_610, 8_000, { op: "new" })],
    "with a constant share of failures is as before": [...every(50, 0, 8_000, { op: "new" }), ...every(500, 20, 8_000, { op: "new", ...refused("23505") })],
  };
  for (const [title, ops] of Object.entries(ok)) test(title, async () => {
    const { service, kinds } = await judged(ops);
    expect(kinds).toEqual([]);
    expect(service?.verdict).toBe("met");
  });

  test("that nobody does any more is not known, and told", async () => {
    const { warnings, kinds } = await judged(every(50, 0, 2_000, { op: "new" }));
    expect([warnings, kinds]).toEqual([["operation-not-seen"], []]);
  });

  test("refused two times of two is too few to tell, and said so", async () => {
    const { service, kinds } = await judged([...every(100, 0, 2_000, { op: "new" }), { at: 6_000, op: "new", ...refused("23505") }, { at: 7_800, op: "new", ...refused("23505") }]);
    expect(kinds.filter((kind) => kind === "operation-refused")).toEqual([]);
    expect(service?.reason).toMatch(/too rarely to tell|worse/);
  });

  test("where nobody went back the question doesn't arise, and recovery and consistency are not applicable", async () => {
    const { card, service } = await judged([], COURSE.map(([at, event]) => (event.kind === "rollback" && event.state === "completed" ? [at, { ...event, state: "failed" as const }] : [at, event])));
    expect(service).toMatchObject({ applies: false });
    expect(card.objectives.find(({ name }) => name === "consistency")).toMatchObject({ applies: false, verdict: "unknown" });
    expect(card.verdict).toBe("missed");
    expect(card.advice?.kind).toBe("completion");
  });
});

describe("an alert", () => {
  const detector = { windowMs: 500 };
  const of = (toMs: number | null, alerts: readonly { fromMs: number; toMs: number | null }[] = []) => detectionOf([{ fromMs: 1_000, toMs }], alerts, detector, 2_000, 9_000);
  test("is owed by no impact, nor by a short one", () => {
    expect(detectionOf([], [], detector, 2_000, 9_000)).toMatchObject({ owed: 0, longestMs: 0 });
    expect(of(2_900)).toMatchObject({ owed: 0, undetectedMs: [] });
  });
  test("is owed by a longer one, and by one that never ended", () => {
    expect(of(3_500)).toMatchObject({ owed: 1, undetectedMs: [2_500] });
    expect(of(null)).toMatchObject({ owed: 1, undetectedMs: [8_000] });
  });
  test("that came is timed from its impact, and one that was firing already took no time", () => {
    expect(of(4_000, [{ fromMs: 1_700, toMs: null }])).toMatchObject({ slowest: 700, undetectedMs: [] });
    expect(of(4_000, [{ fromMs: 900, toMs: 2_000 }])).toMatchObject({ slowest: 0 });
    expect(of(4_000, [{ fromMs: 100, toMs: 900 }])).toMatchObject({ slowest: null, owed: 1 });
  });
  test("can't be owed within less than the detector's own window", () => {
    expect(detectionOf([{ fromMs: 0, toMs: 400 }], [], detector, 200, 9_000)).toMatchObject({ owed: 0, betweenMs: [400] });
  });
});

describe("the score", () => {
  const names = ["completion", "recovery", "loss", "consistency", "structure"];
  const all = fc.tuple(...names.map(() => fc.constantFrom<Verdict>("met", "missed", "unknown"))).map((verdicts) => names.map((name, i): ObjectiveResult =>
    ({ name, title: name, target: name === "recovery" ? { maxMs: 10 } : { max: 0 }, measured: { value: 3, plusMinus: 0, unit: "ms" }, verdict: verdicts[i] ?? "met", reason: "", evidence: [] })));
  test("of a run that failed to come back is below every one that did, and what is not met below what is", () => {
    fc.assert(fc.property(all, all, (a, b) => {
      const back = (some: readonly ObjectiveResult[]) => some[0]?.verdict === "met";
      const met = (some: readonly ObjectiveResult[]) => some.every(({ verdict }) => verdict === "met");
      if (back(a) && !back(b)) expect(score(b)).toBeLessThan(score(a));
      if (met(a) && !met(b)) expect(score(b)).toBeLessThan(score(a));
    }), { numRuns: 2_000 });
  });
});

test("the statistics agree with tables", () => {
  expect(fisher(0, 10, 4, 4)).toBeCloseTo(1 / 1_001, 8);
  expect(fisher(1, 9, 11, 14)).toBeCloseTo(0.00268, 3);
  expect(fisher(5, 10, 5, 10)).toBeGreaterThan(0.5);
  expect(quantileRanks(5, 0.5)).toBeUndefined();
  expect(quantileRanks(20, 0.5)).toEqual({ low: 2, high: 17 });
  expect(quantileRanks(50, 0.95)).toBeUndefined();
});
