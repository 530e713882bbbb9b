// A sweep without a database: its order, its budget, going on, its figures and its log.

import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { faultSchema } from "../../harness/drill/fault.ts";
import type { Verdict } from "../../harness/judge/scorecard.ts";
import { figuresOf, quantiles, wilson } from "../../harness/sweep/figures.ts";
import { appendOutcome, findSweep, keyOf, openSweep, readOutcomes } from "../../harness/sweep/log.ts";
import type { Moment, Point } from "../../harness/sweep/points.ts";
import { combined, parseBudget, sweep, type Budget, type Outcome } from "../../harness/sweep/sweep.ts";
import { pause } from "../../harness/base/deadline.ts";
import { temporaryFolder } from "../support/drills.ts";

/** One lane: every tenth moment is between two steps. */
const points = Array.from({ length: 201 }, (_, i): Point => {
  const moment: Moment = { during: "migration", step: `step-${i}`, at: "before", trigger: { before: `step-${i}`, during: "migration" }, boundary: i % 10 === 0 };
  return { id: `p${i}`, way: "down", fault: { name: "kill", fault: faultSchema.parse({ kind: "kill", at: { afterMs: 0 } }) }, moments: [moment] };
});
const outcome = (id: string, verdict: Verdict): Outcome => ({ id, verdict, recoveryMs: 100, lostWrites: 0, missed: verdict === "missed" ? ["loss"] : [], findings: [], answer: "", run: null, tookMs: 5 });

/** What is wrong lies at moments 103 to 117. */
const seededBug = ({ id }: Point): Verdict => (Number(id.slice(1)) >= 103 && Number(id.slice(1)) <= 117 ? "missed" : "met");

async function swept({ budget = {}, seed = 1, repeatPercent = 0, before = [], verdict = seededBug, signal = new AbortController().signal }: { readonly budget?: Budget; readonly seed?: number; readonly repeatPercent?: number; readonly before?: readonly Outcome[]; readonly verdict?: (point: Point) => Verdict; readonly signal?: AbortSignal }) {
  const order: string[] = [];
  const outcomes = await sweep({
    points, before, seed, repeatPercent, budget, workers: 1, signal,
    attempt: (point) => { order.push(point.id); return Promise.resolve(outcome(point.id, verdict(point))); },
    write: () => Promise.resolve(),
  });
  return { order, outcomes };
}

describe("the order", () => {
  test("is each point once, those between steps first, and alike for the same seed", async () => {
    const { order } = await swept({});
    expect(order.toSorted()).toEqual(points.map(({ id }) => id).toSorted());
    expect(order.slice(0, 21).every((id) => Number(id.slice(1)) % 10 === 0)).toBe(true);
    expect((await swept({})).order).toEqual(order);
    expect((await swept({ seed: 2 })).order).not.toEqual(order);
  });

  test("then goes where verdicts change: both ends of what is wrong are known after a few points more", async () => {
    const { order } = await swept({ budget: { points: 21 + 12 } });
    expect(order).toEqual(expect.arrayContaining(["p102", "p103", "p117", "p118"]));
  });
});

describe("judging", () => {
  /** What a worker does, in words; each point is judged when it is told to be. */
  const judgedWhenTold = (fails?: string) => {
    const log: string[] = [];
    const judge: (() => void)[] = [];
    const whole = sweep({
      points, before: [], seed: 1, repeatPercent: 0, budget: { points: 3 }, workers: 1, signal: new AbortController().signal,
      write: ({ id }) => { log.push(`${id} known`); return Promise.resolve(); },
      attempt: async ({ id }, over) => {
        log.push("run");
        over();
        await new Promise<void>((resolve) => { judge.push(resolve); });
        if (judge.length === Number(fails)) throw new Error("the judge has died");
        return outcome(id, "met");
      },
    });
    return { log, judge, whole };
  };

  test("goes on beside the next point, and no more than one point waits for it", async () => {
    const { log, judge, whole } = judgedWhenTold();
    await pause(20);
    expect(log).toEqual(["run", "run"]); // not a third one: the first is still to be judged
    judge[0]?.();
    await pause(20);
    expect(log).toEqual(["run", "run", expect.stringMatching(/^p\d+ known$/), "run"]);
    for (const one of judge) one();
    expect((await whole).map(({ verdict }) => verdict)).toEqual(["met", "met", "met"]);
    expect(new Set(log.filter((line) => line.endsWith("known"))).size).toBe(3);
  });

  test("that fails ends the sweep with its error", async () => {
    const { judge, whole } = judgedWhenTold("2");
    const told = expect(whole).rejects.toThrow("the judge has died");
    await pause(20);
    for (const one of judge) one();
    await told;
  });
});

describe("several workers", () => {
  const beside = async (options: { readonly workers: number; readonly budget?: Budget; readonly fails?: string }) => {
    const order: string[] = [];
    let now = 0;
    let most = 0;
    const outcomes = await sweep({
      points, before: [], seed: 1, repeatPercent: 0, budget: options.budget ?? {}, workers: options.workers, signal: new AbortController().signal, write: () => Promise.resolve(),
      attempt: async (point) => {
        order.push(point.id);
        most = Math.max(most, ++now);
        await pause(Number(point.id.slice(1)) % 3);
        now -= 1;
        if (point.id === options.fails) throw new Error("the declaration is wrong");
        return outcome(point.id, seededBug(point));
      },
    });
    return { order, outcomes, most };
  };

  test("try each point once, so many at a time, and learn the same", async () => {
    const { order, outcomes, most } = await beside({ workers: 4 });
    expect(most).toBe(4);
    expect(order.toSorted()).toEqual(points.map(({ id }) => id).toSorted());
    const verdicts = (some: readonly Outcome[]) => new Map(some.map(({ id, verdict }) => [id, verdict]));
    expect([...verdicts(outcomes)].toSorted()).toEqual([...verdicts((await swept({})).outcomes)].toSorted());
  });

  test("keep the budget, and go where verdicts change", async () => {
    const { order } = await beside({ workers: 4, budget: { points: 21 + 16 } });
    expect(order.length).toBe(21 + 16);
    expect(order).toEqual(expect.arrayContaining(["p102", "p103", "p117", "p118"]));
  });

  test("end when one can't go on, and say why", async () => {
    await expect(beside({ workers: 3, fails: "p100" })).rejects.toThrow("the declaration is wrong");
  });
});

describe("the budget", () => {
  test("of points is kept, and the next part goes on where this one stopped", async () => {
    const first = await swept({ budget: { points: 30 } });
    expect(first.outcomes.length).toBe(30);
    const second = await swept({ before: first.outcomes });
    expect([...first.order, ...second.order]).toEqual((await swept({})).order);
  });

  test("of time begins no point that would end after it", async () => {
    const order: string[] = [];
    await sweep({
      points, before: [], seed: 1, repeatPercent: 0, budget: { ms: 200 }, workers: 1, signal: new AbortController().signal, write: () => Promise.resolve(),
      attempt: (point) => { order.push(point.id); return Promise.resolve({ ...outcome(point.id, "met"), tookMs: 150 }); }, // it says so
    });
    expect(order.length).toBeGreaterThan(1); // they took no time in truth
    const none: string[] = [];
    await sweep({
      points, before: [], seed: 1, repeatPercent: 0, budget: { ms: 100 }, workers: 1, signal: new AbortController().signal, write: () => Promise.resolve(),
      attempt: (point) => { none.push(point.id); return Promise.resolve({ ...outcome(point.id, "met"), tookMs: 150 }); },
    });
    expect(none.length).toBe(1);
  });

  test("ends with Ctrl-C, and what that cut short is tried again", async () => {
    const stop = new AbortController();
    const { outcomes, order } = await swept({ signal: stop.signal, verdict: (point) => { if (point.id === order5) stop.abort(); return "unknown"; } });
    expect(order.at(-1)).toBe(order5);
    expect(outcomes.map(({ id }) => id)).not.toContain(order5);
  });

  test.for([["10m", { ms: 600_000 }], ["90s", { ms: 90_000 }], ["2h", { ms: 7_200_000 }], ["50", { points: 50 }], ["0", undefined], ["soon", undefined], ["-1", undefined], ["1.5m", undefined]] as const)("is read: %j", ([text, budget]) => {
    expect(parseBudget(text)).toEqual(budget);
  });
});
/** The fifth point of the first seed. */
const order5 = (await swept({ budget: { points: 5 } })).order[4] ?? "";

describe("repeating", () => {
  test("tries some points once more underway and in the end, what failed and what held by turns, and leaves the order as it is", async () => {
    const { order, outcomes } = await swept({ repeatPercent: 10 });
    const again = order.flatMap((id, i) => (order.indexOf(id) < i ? [{ id, i }] : []));
    expect(again.length).toBe(21); // of 201 points
    expect(new Set(again.map(({ id }) => id)).size, "another one each time").toBe(21);
    expect(again.map(({ i }) => i).slice(0, 2), "one after each tenth").toEqual([10, 21]);
    expect(order.filter((id, i) => order.indexOf(id) === i)).toEqual((await swept({})).order);
    const failed = again.filter(({ id }) => combined(outcomes).find((point) => point.id === id)?.verdict === "missed").length;
    expect(failed).toBeGreaterThanOrEqual(9); // nothing had failed yet the first time
    expect(failed).toBeLessThanOrEqual(11);
    const first = await swept({ repeatPercent: 10, budget: { points: 30 } });
    expect(first.order.length, "is part of the budget").toBe(30);
    expect([...first.order, ...(await swept({ repeatPercent: 10, before: first.outcomes })).order]).toEqual(order);
  });

  test("takes the worst of a point's tries for what it is, and says how often it came out so", async () => {
    const seen = new Set<string>();
    // Each holds the first time, and fails when it is tried again.
    const { outcomes } = await swept({ repeatPercent: 10, verdict: ({ id }) => { const known = seen.has(id); seen.add(id); return known ? "missed" : "met"; } });
    const points = combined(outcomes);
    expect(points.length).toBe(201);
    expect(points.filter(({ tries }) => tries > 1).every(({ verdict, tries, alike }) => verdict === "missed" && tries === 2 && alike === 1)).toBe(true);
    const { missed, repeated } = figuresOf(points, 201);
    expect([missed, repeated.part, repeated.of]).toEqual([21, 0, 21]);
    expect(figuresOf(combined((await swept({ repeatPercent: 10 })).outcomes), 201).repeated).toMatchObject({ part: 21, of: 21 });
  });

  test("counts what was missed otherwise as another outcome", () => {
    const other: Outcome = { ...outcome("a", "missed"), missed: ["structure"] };
    expect(combined([outcome("a", "missed"), other, outcome("a", "unknown"), outcome("b", "unknown"), outcome("b", "met")])).toMatchObject([
      { id: "a", verdict: "missed", missed: ["loss"], tries: 3, alike: 1 }, { id: "b", verdict: "unknown", tries: 2, alike: 1 }]);
  });
});

test("figures: coverage, quantiles, and Wilson's interval as published", () => {
  const { success, coverage, unknown } = figuresOf(combined([...Array.from({ length: 8 }, (_, i) => outcome(`a${i}`, "met")), outcome("b", "missed"), outcome("c", "missed"), outcome("d", "unknown")]), 44);
  expect(coverage).toEqual({ tried: 11, of: 44 });
  expect(unknown).toBe(1);
  expect(success.from).toBeCloseTo(0.4902, 4); // 8 of 10
  expect(success.to).toBeCloseTo(0.9433, 4);
  expect(wilson(0, 0)).toEqual({ part: 0, of: 0, from: 0, to: 1 });
  expect(quantiles([])).toBeNull();
  expect(quantiles([5, 1, 4, 2, 3, 6, 7, 8, 9, 10])).toEqual({ n: 10, p50: 5, p90: 9, max: 10 });
});

test("the log gives back what was written, but for a line that a crash has cut off", async () => {
  await using folder = await temporaryFolder();
  const asked = (key: string) => ({ schema: "turnback.sweep/1", drill: "some", key, startedAt: "2026-01-01T00:00:00.000Z" }) as const;
  const [older, newer, other] = ["20260101T000000Z-sweep-some-aaaa", "20260102T000000Z-sweep-some-aaaa", "20260103T000000Z-sweep-some-aaaa"].map((name) => join(folder.path, name)) as [string, string, string];
  await openSweep(older, asked(keyOf({ a: 1 })));
  await openSweep(newer, asked(keyOf({ a: 1 })));
  await openSweep(other, asked(keyOf({ a: 2 })));
  expect(await findSweep(folder.path, keyOf({ a: 1 }))).toEqual({ directory: newer, startedAt: "2026-01-01T00:00:00.000Z" });
  expect(await findSweep(folder.path, keyOf({ a: 3 }))).toBeUndefined();
  await appendOutcome(newer, outcome("p1", "met"));
  await appendFile(join(newer, "points.jsonl"), '{"id":"p2","verd');
  expect(await readOutcomes(newer)).toEqual([outcome("p1", "met")]);
  await appendOutcome(newer, outcome("p3", "missed"));
  expect((await readOutcomes(newer)).map(({ id }) => id)).toEqual(["p1", "p3"]);
});
