// Steady state: only a whole window that was served well, by probes and by clients, is one.

import { expect, test } from "vitest";
import { SteadyWatch } from "../../harness/conduct/steady.ts";

/** A watch over 500 ms that has been told of a second of good service; now is its end. */
function watched({ failedAtMs = Infinity, servedFromMs = Infinity, slowProbeAtMs, p99AtMs, silentFromMs = Infinity }: { readonly failedAtMs?: number; readonly servedFromMs?: number; readonly slowProbeAtMs?: number; readonly p99AtMs?: number; readonly silentFromMs?: number } = {}) {
  let nowMs = 0;
  let rejected = 0;
  const watch = new SteadyWatch({ windowMs: 500, maxErrorRatio: 0.01, maxLatencyMs: 200 }, () => nowMs * 1e6);
  const tell = (untilMs: number) => {
    for (; nowMs <= untilMs; nowMs += 10) {
      if (nowMs >= silentFromMs) continue;
      watch.takeProbe({ due: nowMs * 1e6, end: (nowMs + (nowMs === slowProbeAtMs ? 300 : 2)) * 1e6, ok: true });
      if (nowMs >= failedAtMs && nowMs < servedFromMs) rejected += 2;
      if (nowMs % 100 === 0) watch.takeStats({ at: nowMs * 1e6, counts: { committed: nowMs, rejected }, p50Ms: 2, p99Ms: nowMs === p99AtMs ? 300 : 5 });
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
    watch.takeStats({ at: ms * 1e6, counts: { committed: ms }, p50Ms: 1, p99Ms: 1 });
  }
  expect(watch.isSteady()).toBe(false);
});
test("after starting over a whole window has to pass", () => {
  const { watch, tell } = watched();
  watch.startOver();
  tell(1_400);
  expect(watch.isSteady()).toBe(false);
  tell(1_700);
  expect(watch.isSteady()).toBe(true);
});
test("silence is not", () => expect(watched({ silentFromMs: 400 }).watch.isSteady()).toBe(false));
test.for([
  ["operations that failed", { failedAtMs: 700, servedFromMs: 800 }], ["a slow probe", { slowProbeAtMs: 700 }], ["slow operations just now", { p99AtMs: 1_000 }],
] as const)("a window with %s is not; once they are past, it is", ([, what]) => {
  const { watch, tell } = watched(what);
  expect(watch.isSteady()).toBe(false);
  tell(1_800);
  expect(watch.isSteady()).toBe(true);
});
