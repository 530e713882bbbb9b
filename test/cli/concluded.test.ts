// What becomes of a run that is over: what nobody keeps is judged alone, and what somebody keeps is packed, judged and sealed.

import { join } from "node:path";
import { expect, test } from "vitest";
import { exists } from "../../harness/base/files.ts";
import { concluded } from "../../harness/cli/rehearse.ts";
import { isPacked } from "../../harness/evidence/pack.ts";
import { PATHS } from "../../harness/evidence/run-directory.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { insert, record, type History } from "../judge/history.ts";
import { temporaryFolder } from "../support/drills.ts";

const met: History = { before: [["a", "1"]], after: [["a", "1"], ["k", "2"]], ops: [{ at: 100, effects: [insert("k", "2")] }] };
const missed: History = { ...met, after: [["a", "1"]] };
const notMet = ({ verdict }: Scorecard) => verdict !== "met";

async function conclude(history: History, keep?: (card: Scorecard) => boolean) {
  await using folder = await temporaryFolder();
  const directory = record(folder.path, history);
  const card = await concluded({ directory, chainHead: "", entities: [{ name: "item", key: "key" }] }, keep ? { keep } : {});
  const there = await Promise.all([PATHS.scorecard, PATHS.page, PATHS.seal].map((path) => exists(join(directory, path))));
  return { card, kept: [await isPacked(directory), ...there] };
}

test("what is met and not kept has the scorecard that it would have, and is left as it was written", async () => {
  const { card, kept } = await conclude(met, notMet);
  expect(kept).toEqual([false, false, false, false]);
  expect(card.verdict).toBe("met");
  expect(card).toEqual((await conclude(met)).card);
});

test("what is missed is packed, judged and sealed all the same", async () => {
  const { card, kept } = await conclude(missed, notMet);
  expect(kept).toEqual([true, true, true, true]);
  expect(card.verdict).toBe("missed");
  expect(card).toEqual((await conclude(missed)).card);
});

test("without being told otherwise every run is kept", async () => {
  expect((await conclude(met)).kept).toEqual([true, true, true, true]);
});
