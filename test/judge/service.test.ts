// Impact, recovery and outage from recorded arrivals.

import { describe, expect, test } from "vitest";
import { seededRandom } from "../../harness/base/random.ts";
import { steadyStateSchema } from "../../harness/drill/schema.ts";
import { Samples } from "../../harness/judge/samples.ts";
import { assessService } from "../../harness/judge/service.ts";
import { judgeObjectives, type Judged } from "../../harness/judge/verdicts.ts";

const steady = steadyStateSchema.parse({ windowMs: 1_000, maxErrorRatio: 0.01, maxLatencyMs: 200 });

/** Arrivals every `everyMs` for `forMs`; `serve` says what became of each. */
function arrivals(forMs: number, everyMs: number, serve: (atMs: number) => { tookMs: number | null; served?: boolean }): Samples {
  return Samples.of(Array.from({ length: Math.floor(forMs / everyMs) }, (_, i) => {
    const atMs = i * everyMs;
    const { tookMs, served = true } = serve(atMs);
    return { due: atMs * 1e6, end: tookMs === null ? null : (atMs + tookMs) * 1e6, served: served && tookMs !== null };
  }));
}
const good = { tookMs: 4 };
const failed = { tookMs: 1, served: false };
const within = (atMs: number, from: number, to: number) => atMs >= from && atMs < to;

describe("service", () => {
  test("without a failure there is no impact, and recovery takes nothing", () => {
    const service = assessService(arrivals(10_000, 5, () => good), steady, 0);
    expect(service).toMatchObject({ impactNs: null, recovery: { value: 0 }, unavailable: { value: 0 }, availability: { value: 1 }, episodes: [] });
  });

  test.for([100, 400, 1_000, 3_000])("an outage of %i ms is measured within its stated uncertainty", (outage) => {
    const service = assessService(arrivals(10_000, 5, (at) => (within(at, 2_002, 2_002 + outage) ? failed : good)), steady, 0);
    expect(Math.abs((service.recovery.value ?? 0) - outage)).toBeLessThanOrEqual(service.recovery.plusMinus);
    expect(Math.abs((service.unavailable.value ?? 0) - outage)).toBeLessThanOrEqual(service.unavailable.plusMinus);
    expect(service.recovery.plusMinus).toBeLessThanOrEqual(20);
  });

  test.for(["cut", "hung"] as const)("whatever the moment of its begin and end, an outage (%s) is within what is stated, which is 10 ms at most at 200 a second", (how) => {
    // Where answers usually take 5 ms at most: slower ones are as much less sharp, for nobody knows when within them it was back.
    const random = seededRandom(how.length);
    const outages = Array.from({ length: 1_000 }, () => {
      const [from, to] = [2_000 + random() * 20, 2_400 + random() * 1_000];
      const down = (at: number) => within(at, from, to);
      const { recovery } = assessService(arrivals(6_000, 5, (due) => {
        const [began, took] = [due + random() ** 4 * 2, 1 + random() ** 2 * 3]; // most begin at once
        if (how === "hung") return { tookMs: down(began) || (began < from && began + took > from) ? to + took - due : began + took - due };
        if (down(began)) return { tookMs: began + 0.2 + random() * 2 - due, served: false };
        return began < from && began + took > from ? { tookMs: from - due, served: false } : { tookMs: began + took - due };
      }), steady, 0);
      return { error: recovery.value! - (to - from), plusMinus: recovery.plusMinus };
    });
    expect(outages.filter(({ error, plusMinus }) => Math.abs(error) <= plusMinus).length).toBeGreaterThanOrEqual(950);
    expect(outages.filter(({ plusMinus }) => plusMinus > 10)).toEqual([]);
    // No wider than it must be: a quarter of it would not do.
    expect(outages.filter(({ error, plusMinus }) => Math.abs(error) <= plusMinus / 4).length).toBeLessThan(950);
  });

  test("a single slow answer within the tolerance is no impact", () => {
    const service = assessService(arrivals(10_000, 5, (at) => (at === 3_000 ? { tookMs: 900 } : good)), steady, 0);
    expect(service.impactNs).toBeNull();
  });

  test("a stall that begins as the observation ends has an end that nobody saw; up to before it, all is known", () => {
    const stalled = arrivals(10_000, 5, (at) => (within(at, 2_000, 2_500) ? failed : at >= 9_940 ? { tookMs: 800 } : good));
    expect(assessService(stalled, steady, 0).recovery).toMatchObject({ atLeast: true });
    const upTo = assessService(stalled.between(0, 9_940e6), steady, 0).recovery;
    expect(upTo.atLeast).toBeUndefined();
    expect(Math.abs((upTo.value ?? 0) - 500)).toBeLessThanOrEqual(upTo.plusMinus);
  });

  test("slow answers are impact, though every one was served", () => {
    const service = assessService(arrivals(10_000, 5, (at) => (within(at, 2_000, 3_000) ? { tookMs: 450 } : good)), steady, 0);
    expect(service.recovery.value).toBe(1_000);
    expect(service.availability.value).toBe(1);
  });

  test("a system that hung is back when it answers, and not when the answer came within the tolerance", () => {
    // Hung from 2.0 s to 3.0 s: everything due then is answered at 3.0 s, and what was due from 2.8 s on is good.
    const service = assessService(arrivals(10_000, 5, (at) => (within(at, 2_000, 3_000) ? { tookMs: 3_002 - at } : good)), steady, 0);
    expect(Math.abs((service.recovery.value ?? 0) - 1_000)).toBeLessThanOrEqual(service.recovery.plusMinus);
    expect(service.recovery.plusMinus).toBeLessThan(10);
  });

  test("a lull between two outages is no recovery", () => {
    const service = assessService(arrivals(12_000, 5, (at) => (within(at, 2_000, 3_000) || within(at, 6_000, 6_200) ? failed : good)), steady, 0);
    expect(service.recovery.value).toBe(4_200);
    expect(service.unavailable.value).toBe(1_200);
    expect(service.episodes).toHaveLength(2);
  });

  test("what is bad at the very end tells of an outage only where no good answer could make up for it", () => {
    const tolerant = steadyStateSchema.parse({ windowMs: 1_000, maxErrorRatio: 0.5, maxLatencyMs: 200 });
    const quiet = assessService(arrivals(10_000, 5, (at) => (at >= 9_900 ? failed : good)), tolerant, 0);
    expect(quiet).toMatchObject({ impactNs: null, recovery: { value: 0 } });
    const down = assessService(arrivals(10_000, 5, (at) => (at >= 9_400 ? failed : good)), tolerant, 0);
    expect(down.recovery).toMatchObject({ atLeast: true });
    const strict = assessService(arrivals(10_000, 5, (at) => (at >= 9_985 ? failed : good)), steady, 0);
    expect(strict.recovery).toMatchObject({ atLeast: true });
  });

  test("failures shortly one after the other are one episode", () => {
    const service = assessService(arrivals(10_000, 5, (at) => (within(at, 2_000, 2_500) || within(at, 3_000, 3_500) ? failed : good)), steady, 0);
    expect(service.episodes).toHaveLength(1);
    expect(service.recovery.value).toBe(1_500);
  });

  test("what was not over when the observation ended is at least that long", () => {
    const service = assessService(arrivals(5_000, 5, (at) => (at >= 2_000 ? failed : good)), steady, 0);
    expect(service.recovery).toMatchObject({ value: 2_995, atLeast: true });
  });

  test("what failed before the migration is not counted", () => {
    const service = assessService(arrivals(10_000, 5, (at) => (at < 1_000 ? failed : good)), steady, 1_000e6);
    expect(service.impactNs).toBeNull();
    expect(service.availability.value).toBe(1);
  });

  test("few arrivals give a large uncertainty, and say so", () => {
    const sparse = assessService(arrivals(20_000, 250, (at) => (within(at, 5_000, 8_000) ? failed : good)), steady, 0);
    expect(sparse.recovery.plusMinus).toBeGreaterThan(250);
  });

  test("without any arrival nothing is known", () => {
    expect(assessService(Samples.of([]), steady, 0)).toMatchObject({ recovery: { value: null }, availability: { value: null }, unavailable: { value: null } });
  });
});

describe("availability over the drill's own time", () => {
  // Two seconds observed, of which one was down.
  const down = (until: number) => assessService(Samples.of(Array.from({ length: 200 }, (_, i) => ({ due: i * 10e6, end: i * 10e6 + 1e6, served: i < 50 || i * 10 >= until }))), { ...steady, windowMs: 300 }, 0);
  const asked = (service: ReturnType<typeof down>, availability: { min: number; steadyMs?: number }) => judgeObjectives({ availability }, {
    measures: { recoveryMs: service.recovery, availability: service.availability, operations: { dropped: 0 }, episodes: [] }, due: service.due, perSecond: 100, service: { findings: [], applies: false, why: "" }, wayBack: "completed", wayBackDetail: "",
  } as unknown as Judged, []).find(({ name }) => name === "availability");

  test("counts the steady service that is left out as served", () => {
    expect(asked(down(1_500), { min: 0.8 })).toMatchObject({ verdict: "missed" });
    expect(asked(down(1_500), { min: 0.8, steadyMs: 4_000 })).toMatchObject({ verdict: "met", measured: { value: 0.5 }, reason: expect.stringContaining("50.00 % of the operations due since the migration began were served, 83.33 % with the 4.00 s of steady service that the drill observes longer") as string });
    expect(asked(down(1_500), { min: 0.9, steadyMs: 4_000 }), "an outage that is too long stays so").toMatchObject({ verdict: "missed" });
  });

  test("counts none where the service never was steady again", () => {
    expect(asked(down(5_000), { min: 0.8, steadyMs: 40_000 })).toMatchObject({ verdict: "missed", reason: expect.not.stringContaining("steady service") as string });
  });
});
