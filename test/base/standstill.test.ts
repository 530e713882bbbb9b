// A process that was not run says so.

import { expect, test } from "vitest";
import { pause } from "../../harness/base/deadline.ts";
import { watchStandstills, type Standstill } from "../../harness/base/standstill.ts";

test("a process that is kept from running tells from when to when", async () => {
  const started = performance.now();
  const told: Standstill[] = [];
  const unwatch = watchStandstills(() => (performance.now() - started) * 1e6, (standstill) => told.push(standstill));
  await pause(50);
  const until = performance.now() + 300;
  while (performance.now() < until) { /* busy in one piece */ }
  const freeAt = (performance.now() - started) * 1e6;
  await pause(50);
  unwatch();
  expect(told.filter(({ from, to }) => to - from >= 295e6 && from <= freeAt - 295e6 && to >= freeAt)).toHaveLength(1);
});

test("on a clock that goes on evenly nothing is told, and after the end nothing more", async () => {
  const told: Standstill[] = [];
  let now = 0;
  const unwatch = watchStandstills(() => (now += 20e6), (standstill) => told.push(standstill));
  await pause(200);
  unwatch();
  now += 1e9;
  await pause(50);
  expect(told).toEqual([]);
});
