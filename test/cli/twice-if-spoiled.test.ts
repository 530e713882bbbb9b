// A suite rehearses a drill again only where the machine stood still, and only where it came out wrong.

import { expect, test } from "vitest";
import { twiceIfSpoiled } from "../../harness/cli/suite.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";

const outcome = (stoodForMs: number, ...surprises: string[]) =>
  ({ surprises, card: { standstills: stoodForMs === 0 ? [] : [{ fromMs: 1_000, toMs: 1_000 + stoodForMs }] } as unknown as Scorecard });

test.for([
  ["a run that stood still and came out wrong", [outcome(3_000, "it is unknown"), outcome(0)], 2],
  ["one that stood still and came out as it must", [outcome(3_000)], 1],
  ["one that came out wrong by itself", [outcome(0, "it is missed")], 1],
  ["one that stood still too shortly to be to blame", [outcome(200, "it is missed")], 1],
  ["one that stood still both times: the second counts", [outcome(3_000, "it is unknown"), outcome(3_000, "it is unknown again")], 2],
] as const)("%s", async ([, outcomes, times]) => {
  let tried = 0;
  const last = await twiceIfSpoiled(() => Promise.resolve(outcomes[tried++] ?? outcome(0)));
  expect(tried).toBe(times);
  expect(last.surprises).toEqual(outcomes.at(-1)?.surprises);
  expect(last.again).toEqual(times === 2 ? "the machine stood still for 3.00 s: times are the less sure by it" : undefined);
});

test("nothing is tried again once it was interrupted", async () => {
  let tried = 0;
  await twiceIfSpoiled(() => { tried += 1; return Promise.resolve(outcome(3_000, "it is unknown")); }, AbortSignal.abort());
  expect(tried).toBe(1);
});
