// The detector: fires when probes fail, not when one does, and clears when they are served again.

import { describe, expect, test } from "vitest";
import { Detector } from "../../harness/observe/detector.ts";

const rule = { windowMs: 500, maxErrorRatio: 0.5, maxLatencyMs: 1_000 };

function firingTimes(ok: (atMs: number) => boolean, latencyMs = 2): number[] {
  const detector = new Detector(rule);
  const firing: number[] = [];
  for (let at = 0; at < 5_000; at += 10) {
    if (detector.take({ due: at * 1e6, end: (at + latencyMs) * 1e6, ok: ok(at) }).firing) firing.push(at);
  }
  return firing;
}

describe("the detector", () => {
  test("stays quiet while probes are served", () => expect(firingTimes(() => true)).toEqual([]));
  test("is not moved by a single failure", () => expect(firingTimes((at) => at !== 2_000)).toEqual([]));
  test("fires once more than half of the window failed, and clears likewise", () => {
    const firing = firingTimes((at) => at < 2_000 || at >= 3_000);
    expect(firing[0]).toBe(2_250);
    expect(firing.at(-1)).toBe(3_230);
  });
  test("counts what is too slow as failed", () => expect(firingTimes(() => true, 1_500).length).toBeGreaterThan(400));
  test("does not fire on the very first probe", () => expect(firingTimes((at) => at > 0)[0]).toBeUndefined());
});
