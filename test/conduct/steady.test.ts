// Steady state: only a whole window that was served well, by probes and by clients, is one.

import { describe, expect, test } from "vitest";
import { steadyRemedy, SteadyWatch } from "../../harness/conduct/steady.ts";

/** A watch over 500 ms that has been told of a second of good service; now is its end. */
function watched({ failedAtMs = Infinity, servedFromMs = Infinity, slowProbeAtMs, slowAtMs, silentFromMs = Infinity, hangsFromMs = Infinity }: { readonly failedAtMs?: number; readonly servedFromMs?: number; readonly slowProbeAtMs?: number; readonly slowAtMs?: number; readonly silentFromMs?: number; readonly hangsFromMs?: number } = {}) {
  let nowMs = 0;
  let [rejected, slow] = [0, 0];
  const watch = new SteadyWatch({ windowMs: 500, maxErrorRatio: 0.01, maxLatencyMs: 200 }, () => nowMs * 1e6);
  const tell = (untilMs: number) => {
    for (; nowMs <= untilMs; nowMs += 10) {
      if (nowMs >= silentFromMs) continue;
      watch.takeProbe({ due: nowMs * 1e6, end: (nowMs + (nowMs === slowProbeAtMs ? 300 : 2)) * 1e6, ok: true });
      if (nowMs >= failedAtMs && nowMs < servedFromMs) rejected += 2;
      if (nowMs === slowAtMs) slow += 20;
      if (nowMs % 100 === 0) watch.takeStats({ at: nowMs * 1e6, counts: { committed: nowMs, rejected }, slow, p50Ms: 2, p99Ms: 5, oldestDue: Math.min(nowMs, hangsFromMs) * 1e6, stood: null });
    }
  };
  tell(1_000);
  return { watch, tell };
}

test("a window that was served well is steady", () => expect(watched().watch.isSteady()).toBe(true));
test("less than a window is not", () => {
  const watch = new SteadyWatch({ windowMs: 500, maxErrorRatio: 0.01, maxLatencyMs: 200 }, () => 300e6);
  for (let ms = 0; ms <= 300; ms += 100) {
    watch.takeProbe({ due: ms * 1e6, end: ms * 1e6 + 1, ok: true });
    watch.takeStats({ at: ms * 1e6, counts: { committed: ms }, slow: 0, p50Ms: 1, p99Ms: 1, oldestDue: ms * 1e6, stood: null });
  }
  expect(watch.isSteady()).toBe(false);
});
test("nor is it while somebody hangs, though everybody else is served", () => {
  expect(watched({ hangsFromMs: 900 }).watch.isSteady()).toBe(false);
  expect(watched({ hangsFromMs: 980 }).watch.isSteady(), "20 ms are no hanging").toBe(true);
});
test.for([400, 650])("silence from %i ms on is not", (silentFromMs) => expect(watched({ silentFromMs }).watch.isSteady()).toBe(false));
test.for([
  ["operations that failed", { failedAtMs: 700, servedFromMs: 800 }], ["a slow probe", { slowProbeAtMs: 700 }], ["slow operations", { slowAtMs: 700 }],
] as const)("a window with %s is not; once they are past, it is", ([, what]) => {
  const { watch, tell } = watched(what);
  expect(watch.isSteady()).toBe(false);
  tell(1_800);
  expect(watch.isSteady()).toBe(true);
});

describe("that steady state lasts", () => {
  /** What is told in real time, and is bad within the spans; resolves with how long it took, and when what was bad was last told. */
  async function lasted(bad: readonly (readonly [number, number])[], withinMs = 5_000): Promise<{ readonly tookMs: number; readonly lastBadMs: number }> {
    const started = performance.now();
    const now = () => performance.now() - started;
    const watch = new SteadyWatch({ windowMs: 200, maxErrorRatio: 0.01, maxLatencyMs: 200 }, () => now() * 1e6);
    let [committed, rejected, lastBadMs] = [0, 0, NaN];
    const tell = () => {
      const at = now();
      if (bad.some(([from, to]) => at >= from && at < to)) {
        rejected += 1;
        lastBadMs = at;
      } else committed += 1;
      watch.takeProbe({ due: at * 1e6, end: at * 1e6, ok: true });
      watch.takeStats({ at: at * 1e6, counts: { committed, rejected }, slow: 0, p50Ms: 1, p99Ms: 1, oldestDue: at * 1e6, stood: null });
    };
    const told = setInterval(tell, 5);
    try {
      const until = await watch.lasts({ holdMs: 600, withinMs, signal: AbortSignal.timeout(20_000) });
      expect(until, "up to the newest figures").toBeGreaterThan((now() - 400) * 1e6);
      return { tookMs: now(), lastBadMs };
    } finally {
      clearInterval(told);
    }
  }

  test("takes a whole window and the hold", async () => expect((await lasted([])).tookMs).toBeGreaterThanOrEqual(800));
  test("takes longer where it was lost at the end of the hold: what nobody saw come back is not known", async () => {
    const { tookMs, lastBadMs } = await lasted([[700, 1_500]]);
    expect(tookMs - lastBadMs).toBeGreaterThanOrEqual(200);
  });
  test("is given up when it does not come in time", async () => {
    await expect(lasted([[0, 20_000]], 400)).rejects.toMatchObject({ code: "wait-timed-out" });
    await expect(lasted([[700, 20_000]], 400)).rejects.toMatchObject({ code: "wait-timed-out" });
  });
});

test.for([[0.001, 500, "raise"], [4, 500, "raise"], [100, 500, "lower"], [0.5, 10_000, "lower"]] as const)("%s arrivals a second in a window of %s ms: %s", ([arrivalsPerSecond, windowMs, what]) => {
  const drill = { load: { arrivalsPerSecond }, steadyState: { windowMs } } as Parameters<typeof steadyRemedy>[0];
  expect(steadyRemedy(drill)).toContain(`${what} load.arrivalsPerSecond`);
});
