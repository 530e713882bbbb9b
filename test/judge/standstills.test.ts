// Where the load itself stood still, what it measured is less sure: neither the system's fault, nor green.

import { describe, expect, test } from "vitest";
import { steadyStateSchema } from "../../harness/drill/schema.ts";
import { Samples, type Sample } from "../../harness/judge/samples.ts";
import { assessService, lessSure } from "../../harness/judge/service.ts";
import { standstillsOf, stoodWithin, withoutStandstills } from "../../harness/judge/standstills.ts";
import { judgeObjectives, judgeTime, type Judged } from "../../harness/judge/verdicts.ts";

const steady = steadyStateSchema.parse({ windowMs: 500, maxErrorRatio: 0.01, maxLatencyMs: 200 });
const PATIENCE_MS = 2_000;

/** 10 s of 100 arrivals a second, each served in 4 ms, but for what `serve` says. */
function arrivals(serve: (atMs: number) => { readonly endMs: number; readonly served: boolean } | undefined): Samples {
  return Samples.of(Array.from({ length: 1_000 }, (_, i): Sample => {
    const atMs = i * 10;
    const { endMs, served } = serve(atMs) ?? { endMs: atMs + 4, served: true };
    return { due: atMs * 1e6, end: endMs * 1e6, served };
  }));
}
/** A load that stands still: what was due is dropped once it is too late, and the rest is served when it goes on. */
const stands = (fromMs: number, toMs: number) => (atMs: number) =>
  (atMs < fromMs || atMs >= toMs ? undefined : { endMs: toMs + 10, served: toMs - atMs < PATIENCE_MS });
const standstill = (fromMs: number, toMs: number) => ({ from: fromMs * 1e6, to: toMs * 1e6 });

describe("a standstill of the load", () => {
  const samples = arrivals(stands(4_000, 7_000));

  test("is no outage of the system for sure, and none of its absence", () => {
    const service = assessService(samples, steady, 0, [standstill(4_000, 7_000)]);
    expect(service.availability.value).toBeCloseTo(0.899, 3);
    expect(service.availability.value! + service.availability.plusMinus).toBeCloseTo(1, 3);
    expect(service.recovery.value! - service.recovery.plusMinus).toBeLessThanOrEqual(0);
    expect(judgeTime(service.recovery, 1_000, "").verdict).toBe("unknown");
    expect(judgeTime(service.recovery, 10_000, "").verdict).toBe("met");
  });

  test("that nobody noticed would have been the system's", () => {
    const service = assessService(samples, steady, 0);
    expect(service.availability).toMatchObject({ plusMinus: 0 });
    expect(judgeTime(service.recovery, 1_000, "").verdict).toBe("missed");
  });

  test("after an outage lengthens what is seen of it, and not what is sure", () => {
    const both = arrivals((atMs) => (atMs >= 1_000 && atMs < 1_600 ? { endMs: atMs + 1, served: false } : stands(4_000, 7_000)(atMs)));
    const { recovery } = assessService(both, steady, 0, [standstill(4_000, 7_000)]);
    expect(recovery.value!).toBeGreaterThan(5_000);
    expect(recovery.value! - recovery.plusMinus).toBeLessThanOrEqual(600);
    expect(judgeTime(recovery, 1_000, "").verdict).toBe("unknown");
    expect(judgeTime(recovery, 400, "").verdict, "the outage alone was too long").toBe("missed");
  });

  test("hides no outage that was longer than it", () => {
    const hung = arrivals((atMs) => (atMs >= 2_000 && atMs < 4_100 ? { endMs: 4_110, served: true } : undefined));
    const { recovery } = assessService(hung, steady, 0, [standstill(4_000, 4_100)]);
    expect(recovery.value! - recovery.plusMinus).toBeGreaterThan(1_500);
  });
});

test("what overlapped a standstill counts as served; what was too slow without it does not, nor what never ended", () => {
  const samples = Samples.of([
    { due: 3_900e6, end: 6_000e6, served: false }, { due: 3_500e6, end: 6_000e6, served: true }, { due: 5_000e6, end: null, served: false }, { due: 9_000e6, end: 9_900e6, served: true },
  ]);
  const best = withoutStandstills(samples, 200, [standstill(4_000, 6_000)]);
  expect(Array.from({ length: 4 }, (_, i) => best.served(i) && best.latency(i) <= 200e6)).toEqual([true, false, false, false]);
});

describe("a standstill of the harness alone", () => {
  // Down from 2 s on; the way back, which stood still for 3 s, ends it at 7 s.
  const seen = assessService(arrivals((atMs) => (atMs >= 2_000 && atMs < 7_000 ? { endMs: atMs + 1, served: false } : undefined)), steady, 0);
  const sure = lessSure(seen, [standstill(3_000, 6_000)], [], [0, 10e9]);
  const verdicts = ({ recovery, availability, due }: typeof seen, maxMs: number, min: number) => judgeObjectives({ recovery: { maxMs }, availability: { min } }, {
    due, perSecond: 100,
    measures: { recoveryMs: recovery, availability, operations: { dropped: 0 }, episodes: [] }, service: { findings: [], applies: false, why: "" }, wayBack: "completed", wayBackDetail: "",
  } as unknown as Judged, []).flatMap(({ name, verdict }) => (name === "recovery" || name === "availability" ? [verdict] : []));

  test("makes a bound that would hold without it unknown, of recovery and of availability", () => {
    expect(verdicts(seen, 3_000, 0.75), "without it").toEqual(["missed", "missed"]);
    expect(verdicts(sure, 3_000, 0.75)).toEqual(["unknown", "unknown"]);
  });

  test("excuses nothing that was too long without it", () => expect(verdicts(sure, 1_000, 0.9)).toEqual(["missed", "missed"]));

  test("beside an impact, or at the same time as the load's own, changes nothing", () => {
    expect(lessSure(seen, [standstill(8_000, 9_000)], [], [0, 10e9])).toEqual(seen);
    expect(lessSure(seen, [standstill(3_000, 6_000)], [standstill(3_000, 6_000)], [0, 10e9])).toEqual(seen);
    const well = assessService(arrivals(() => undefined), steady, 0);
    expect(lessSure(well, [standstill(3_000, 6_000)], [], [0, 10e9])).toEqual(well);
  });
});

test("only the time that both share is counted", () => expect(stoodWithin([standstill(1_000, 2_000), standstill(5_000, 6_000)], 1_500e6, 5_250e6)).toBe(750e6));

test("they are told of as long as there is load, each time once, whoever noticed", () => {
  const events = [
    { t: 3_000e6, kind: "standstill", of: "load", from: 1_000e6 }, { t: 3_100e6, kind: "standstill", of: "harness", from: 1_050e6 }, { t: 5_000e6, kind: "standstill", of: "probes", from: 4_800e6 },
    { t: 6_000e6, kind: "load", state: "stopping" }, { t: 9_000e6, kind: "standstill", of: "harness", from: 8_000e6 },
  ];
  const record = { events } as unknown as Parameters<typeof standstillsOf>[0];
  expect(standstillsOf(record)).toEqual([standstill(1_000, 3_100), standstill(4_800, 5_000)]);
  expect(standstillsOf(record, ["load"])).toEqual([standstill(1_000, 3_000)]);
});
