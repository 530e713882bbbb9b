// A suite rehearses a drill again only where the machine stood still, and never to be rid of what it found.

import { expect, test } from "vitest";
import { twiceIfSpoiled } from "../../harness/cli/suite.ts";
import type { Drill } from "../../harness/drill/schema.ts";
import { isWorthRepeating } from "../../harness/judge/expectation.ts";
import type { Scorecard, Verdict } from "../../harness/judge/scorecard.ts";

const outcome = (stoodForMs: number, verdict: Verdict, ...surprises: string[]) => of("recovery", stoodForMs, verdict, ...surprises);
const of = (name: string, stoodForMs: number, verdict: Verdict, ...surprises: string[]) => ({
  surprises,
  card: { standstills: stoodForMs === 0 ? [] : [{ fromMs: 1_000, toMs: 1_000 + stoodForMs }], verdict, objectives: [{ name, verdict }] } as unknown as Scorecard,
});
const MISSED: Drill["expect"] = { verdict: "missed", missed: ["recovery"], findings: [], onlyThese: false, says: [] };

test.for([
  ["a run of which nobody knows, because it stood still", [outcome(3_000, "unknown", "it is unknown"), outcome(0, "met")], undefined, 2],
  ["one that stood still and came out as it must", [outcome(3_000, "met")], undefined, 1],
  ...["recovery", "detection", "rollback", "availability"].flatMap((name) => [
    [`one that missed a bound of time where it stood still: ${name}`, [of(name, 3_000, "missed", "it is missed"), outcome(0, "met")], undefined, 2] as const,
    [`one that missed it where nothing stood still: ${name}`, [of(name, 200, "missed", "it is missed")], undefined, 1] as const,
  ]),
  ...["loss", "consistency", "structure", "integrity", "invariants", "isolation", "journeys", "completion", "service"].map((name) =>
    [`one that stood still and lost or altered something: ${name}`, [of(name, 3_000, "missed", "it is missed")], undefined, 1] as const),
  ["one that is missed as it must be, but not for all of its reasons", [outcome(3_000, "missed", "consistency is unknown"), outcome(0, "missed")], MISSED, 2],
  ["one of which nobody knows though it ran through", [outcome(0, "unknown", "it is unknown")], undefined, 1],
  ["one that stood still too shortly to be to blame", [outcome(200, "unknown", "it is unknown")], undefined, 1],
  ["one that stood still both times: the second counts", [outcome(3_000, "unknown", "it is unknown"), outcome(3_000, "unknown", "it is unknown again")], undefined, 2],
] as const)("%s", async ([, outcomes, expected, times]) => {
  let tried = 0;
  const alone: boolean[] = [];
  const last = await twiceIfSpoiled(expected, (now) => { alone.push(now); return Promise.resolve(outcomes[tried++] ?? outcome(0, "met")); });
  expect(tried).toBe(times);
  expect(alone).toEqual([false, true].slice(0, times));
  expect(last.surprises).toEqual(outcomes.at(-1)?.surprises);
  expect(last.again).toEqual(times === 2 ? "the machine stood still for 3.00 s: timings carry this much extra uncertainty" : undefined);
});

test.for([
  ["unknown", "recovery", 3_000, true], ["missed", "recovery", 3_000, true], ["missed", "recovery", 400, false], ["missed", "loss", 3_000, false], ["met", "recovery", 3_000, false],
] as const)("a point of a sweep that is %s in %s and stood still for %d ms is repeated: %s", ([verdict, name, stoodForMs, again]) =>
  expect(isWorthRepeating(of(name, stoodForMs, verdict).card)).toBe(again));

test("nothing is tried again once it was interrupted", async () => {
  let tried = 0;
  await twiceIfSpoiled(undefined, () => { tried += 1; return Promise.resolve(outcome(3_000, "unknown", "it is unknown")); }, AbortSignal.abort());
  expect(tried).toBe(1);
});
