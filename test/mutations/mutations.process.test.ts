// Changes at random: what the witnesses see must be told, and where they see nothing the judge is silent.

import { afterAll, beforeAll, expect, test } from "vitest";
import { CHANGES, HARMS, NOOPS } from "./changes.ts";
import { KNOWN } from "./known.ts";
import { Laboratory } from "./laboratory.ts";
import { describeResult, session, type Result } from "./session.ts";
import { disagrees, outcomeOf } from "./tally.ts";

const SEED = 1;
/** What the judge once missed, or accused: these are made in every run. */
const KEPT = ["subscription: comment", "large object: comment", "grant: system function and back"];
const shared = { meta: { sharesServices: true }, timeout: 300_000 };
let laboratory: Laboratory;
const results: Result[] = [];

beforeAll(async () => { laboratory = await Laboratory.open(); });
afterAll(async () => { await laboratory[Symbol.asyncDispose](); });

/** In words; those that are known not to be seen are left out. */
const disagreements = (some: readonly Result[]) => some.filter(({ outcome, change }) => disagrees(outcome) && !KNOWN.has(change.name)).map(describeResult);

test("fifty changes and twenty that change nothing: the judge says what the witnesses say", shared, async () => {
  for await (const result of session(laboratory, HARMS, { seed: SEED, wanted: 50 })) results.push(result);
  for await (const result of session(laboratory, NOOPS, { seed: SEED, wanted: 20 })) results.push(result);
  const kept = CHANGES.filter(({ name }) => KEPT.includes(name));
  for await (const result of session(laboratory, kept, { seed: SEED, wanted: KEPT.length })) results.push(result);
  expect(disagreements(results)).toEqual([]);
});

test("a judge that drops its findings, and one that accuses without reason, would be named", shared, () => {
  const again = (result: Result, change: (done: NonNullable<Result["tried"]>) => NonNullable<Result["tried"]>): Result => {
    const done = result.tried && change(result.tried);
    return { ...result, ...(done && { tried: done, outcome: outcomeOf(done.differences, done.card) }) };
  };
  const found = results.find(({ outcome }) => outcome === "found");
  const silent = results.find(({ outcome }) => outcome === "silent");
  if (!found?.tried || !silent) throw new Error("the fifty have none that was found, or none that was silent");
  const { findings } = found.tried.card;
  const dropped = again(found, (done) => ({ ...done, card: { ...done.card, findings: [], warnings: [], doubts: [] } }));
  const accused = again(silent, (done) => ({ ...done, card: { ...done.card, findings } }));
  const unseen = again(silent, (done) => ({ ...done, differences: [{ by: "catalogue", what: "+ fed" }] }));
  expect([dropped, accused, unseen].map(({ outcome }) => outcome)).toEqual(["missed", "false alarm", "missed"]);
  expect(disagreements([dropped])).toHaveLength(1);
});

test("every statement of the generated schemas is understood by the newest server", shared, async () => {
  for (const schema of new Set(results.map((result) => result.schema))) expect(await laboratory.refused(schema)).toEqual([]);
});
