// Service compared with itself, over recorded histories: what is worse is found, what isn't is silent, and what nobody can know is said.

import { describe, expect, test } from "vitest";
import fc from "fast-check";
import pc from "picocolors";
import { detectionOf } from "../../harness/judge/detection.ts";
import { judge } from "../../harness/judge/judge.ts";
import { score } from "../../harness/judge/score.ts";
import { fisher, quantileRanks } from "../../harness/judge/statistics.ts";
import type { ObjectiveResult, Verdict } from "../../harness/judge/scorecard.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { renderTerminal } from "../../reports/terminal.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, type History, type Op } from "./history.ts";

const COURSE: readonly (readonly [number, RunEvent])[] = [
  [0, { kind: "run", state: "started" }], [2_000, { kind: "migration", state: "started" }], [4_000, { kind: "rollback", state: "started", strategy: "down" }],
  [5_000, { kind: "rollback", state: "completed", strategy: "down" }], [8_000, { kind: "load", state: "stopping", observedTo: 8_000e6 }],
  [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }], [9_500, { kind: "run", state: "completed" }],
];
const every = (gap: number, from: number, to: number, op: Omit<Op, "at">): Op[] => Array.from({ length: Math.floor((to - from) / gap) }, (_, i) => ({ ...op, at: from + i * gap }));
const refused = (code: string) => ({ outcome: "rejected" as const, code });
const usual = every(20, 0, 8_000, { op: "read" });

async function judged(ops: readonly Op[], events = COURSE, more: Partial<History> = {}) {
  await using folder = await temporaryFolder();
  const sorted = [...usual, ...ops].toSorted((a, b) => a.at - b.at);
  const card = await judge(record(folder.path, { before: [], after: [], ops: sorted, events, ...more }));
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
    "that is refused until clients have mended it themselves, before service is called normal": ["operation-refused-anew", [...every(100, 0, 2_000, { op: "new" }), ...every(20, 5_010, 5_400, { op: "new", ...refused("23505") }), ...every(20, 5_410, 8_000, { op: "new" })]],
    "that a right refuses for a while": ["operation-refused-anew", [...every(100, 0, 2_000, { op: "new" }), ...every(20, 5_010, 5_400, { op: "new", ...refused("42501") }), ...every(20, 5_410, 8_000, { op: "new" })]],
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
    "refused just after the way back by a server that starts, or is full, is as before": [...every(50, 0, 2_000, { op: "new" }), ...every(10, 5_010, 5_100, { op: "new", ...refused("57P03") }), ...every(10, 5_110, 5_200, { op: "new", ...refused("53300") }), ...every(50, 5_210, 8_000, { op: "new" })],
    "refused just after the way back for what refused it before as well is as before": [...every(50, 0, 2_000, { op: "new" }), { at: 1_010, op: "new", ...refused("23505") }, ...every(20, 5_010, 5_200, { op: "new", ...refused("23505") }), ...every(20, 5_210, 8_000, { op: "new" })],
    "refused four times by its data just after the way back, which may be clients that try again, is as before": [...every(50, 0, 2_000, { op: "new" }), ...every(20, 5_010, 5_090, { op: "new", ...refused("23505") }), ...every(20, 5_110, 8_000, { op: "new" })],
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
    if (service?.verdict === "met") expect(service.note).toMatch(/^\d+ of \d+ operations? too rare to tell$/);
  });

  test("too rare to tell is said beside the figure, and nothing where all were compared", async () => {
    const { card, service } = await judged([{ at: 500, op: "rare" }, { at: 7_500, op: "rare" }]);
    expect([service?.verdict, service?.note]).toEqual(["met", "2 of 3 operations too rare to tell"]);
    expect(renderTerminal(card, pc.createColors(false))).toContain("2 of 3 operations too rare to tell");
    expect(renderMarkdown(card)).toContain("none; 2 of 3 operations too rare to tell");
    expect((await judged(every(50, 0, 8_000, { op: "op" }))).service?.note).toBeUndefined();
  });

  test("where nobody went back the question doesn't arise, and recovery and consistency are not applicable", async () => {
    const { card, service } = await judged([], COURSE.map(([at, event]) => (event.kind === "rollback" && event.state === "completed" ? [at, { ...event, state: "failed" as const }] : [at, event])));
    expect(service).toMatchObject({ applies: false });
    expect(card.objectives.find(({ name }) => name === "consistency")).toMatchObject({ applies: false, verdict: "unknown" });
    expect(card.verdict).toBe("missed");
    expect(card.advice?.kind).toBe("completion");
  });
});

describe("how long an operation takes", () => {
  const quick = every(40, 0, 2_000, { op: "new", took: 2 });
  const slow = (from: number, to: number, gap = 40) => every(gap, from, to, { op: "new", took: 200 });
  const probes = (waits: readonly (readonly [from: number, to: number, took: number])[] = []) => Array.from({ length: 800 }, (_, i) => {
    const wait = waits.find(([from, to]) => i * 10 >= from && i * 10 < to);
    return { at: i * 10, took: wait ? wait[2] : 1 };
  });
  const kindsOf = async (ops: readonly Op[], more: Partial<History> = {}, events = COURSE) => (await judged(ops, events, more)).kinds;

  test("is slower where the probes are as they were", async () => expect(await kindsOf([...quick, ...slow(5_010, 8_000)], { probes: probes() })).toEqual(["operation-slower"]));
  test("is slower also where the machine stalled for a part of the time", async () => {
    expect(await kindsOf([...quick, ...slow(5_010, 8_000)], { probes: probes([[6_000, 6_400, 150]]) })).toEqual(["operation-slower"]);
  });
  test("is not slower by stalls of the machine that the probes met", async () => {
    const stalls = [[5_100, 5_500, 300], [6_100, 6_500, 300], [7_100, 7_500, 300]] as const;
    const rare = [...every(150, 0, 2_000, { op: "new", took: 2 }), ...stalls.flatMap(([from, to]) => slow(from, to, 20))];
    expect(await kindsOf(rare, { probes: probes(stalls) })).toEqual([]);
    expect(await kindsOf([...quick, ...slow(5_010, 8_000)], { probes: probes([[5_000, 7_000, 120]]) })).toEqual([]); // less than half of the time is left
  });
  test("is not slower by standstills that any of the harness's own instruments noticed", async () => {
    const stood = (of: "load" | "probes" | "harness") => [5_000, 6_000, 7_000].map((from): readonly [number, RunEvent] => [from + 500, { kind: "standstill", of, from: from * 1e6, ms: 500 } as unknown as RunEvent]);
    const ops = [...quick, ...[5_000, 6_000, 7_000].flatMap((from) => slow(from + 10, from + 480, 20))];
    for (const of of ["probes", "harness"] as const) expect(await kindsOf(ops, {}, [...COURSE, ...stood(of)].toSorted(([a], [b]) => a - b))).toEqual([]);
  });
  test("is not told by few moments, however many operations each had", async () => {
    const bursts = [5_100, 6_100, 7_100].flatMap((from) => every(4, from, from + 80, { op: "new", took: 200 }));
    expect(await kindsOf([...quick, ...bursts])).toEqual([]);
    expect(await kindsOf([...every(500, 0, 2_000, { op: "new", took: 2 }), ...slow(5_010, 8_000)])).toEqual([]); // four before
    expect(await kindsOf([...quick, ...slow(5_010, 8_000, 400)])).toEqual([]); // eight after
  });
});

describe("statistics of the planner", () => {
  const of = (described: readonly string[], undescribed: readonly string[], reltuples: number) => ({ "planner-statistics": [{ table: "public.items", columns: described.length, described, undescribed, reltuples }] });
  const whole = of(["key", "value", "stock"], [], 1_000);
  const slower = [...every(40, 0, 2_000, { op: "new" }), ...every(40, 5_010, 8_000, { op: "new", took: 200 })];
  test.for([
    ["of all columns", of([], ["key", "value", "stock"], 1_000), "what 3 of its columns hold"], ["of one column", of(["key", "value"], ["stock"], 1_000), "what stock holds"],
    ["of how many rows there are", of(["key", "value", "stock"], [], -1), "how many rows it has"], ["of two things", of(["key"], ["value", "stock"], -1), "what value, stock hold, and how many rows it has"],
  ] as const)("that are gone are worth knowing, and the probable cause of what became slower: %s", async ([, after, says]) => {
    const facts = { before: whole, after };
    const quiet = await judged([], COURSE, { facts });
    expect([quiet.kinds, quiet.warnings, quiet.service?.verdict]).toEqual([[], ["planner-statistics-gone"], "met"]);
    expect(quiet.card.warnings[0]?.detail).toBe(`the planner knew ${says} before, and doesn't now: its plans are guesses until ANALYZE public.items`);
    const { card, kinds } = await judged(slower, COURSE, { facts });
    expect(kinds).toEqual(["planner-statistics-gone"]);
    expect(card.findings[0]?.consequences).toMatchObject([{ kind: "operation-slower", subject: "new" }]);
    expect(card.advice?.advice).toContain("ANALYZE");
  });
  test.for([
    ["that were made", { before: of([], ["key"], -1), after: whole }], ["that never were", { before: of([], ["key"], -1), after: of([], ["key"], -1) }], ["of a column that is not there any more", { before: whole, after: of(["key", "value"], [], 1_000) }],
    ["that are as they were", { before: whole, after: of(["stock", "value", "key"], ["new"], 0) }], ["of runs that told no names", { before: { "planner-statistics": [{ table: "public.items", columns: 3, reltuples: 5 }] }, after: { "planner-statistics": [{ table: "public.items", columns: 2, reltuples: 5 }] } }],
  ] as const)("%s are nothing", async ([, facts]) => {
    const { kinds, warnings } = await judged([], COURSE, { facts });
    expect([kinds, warnings]).toEqual([[], []]);
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
