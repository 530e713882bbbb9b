// A load of which nothing is served: what it is refused for, in words and early.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { firstOperation, refusals, refusedInstead } from "../../harness/conduct/first-operation.ts";
import { HarnessError } from "../../harness/base/errors.ts";
import { ledgerHead } from "../../harness/evidence/ledger-head.ts";
import { PATHS } from "../../harness/evidence/run-directory.ts";
import type { Load, LoadStats } from "../../harness/load/load.ts";
import { temporaryFolder } from "../support/drills.ts";

const evidenceOf = (folder: string, outcomes: readonly object[]) => {
  mkdirSync(join(folder, "ledger"), { recursive: true });
  const all = (data: readonly object[]) => data.map((line) => `${JSON.stringify(line)}\n`).join("");
  writeFileSync(join(folder, PATHS.intents), all(outcomes.map((_, i) => ({ seq: i + 1, op: i === 0 ? "pay" : "book", effects: [] }))));
  writeFileSync(join(folder, PATHS.outcomes), `${all(outcomes.map((outcome, i) => ({ seq: i + 1, outcome: "rejected", code: "42P01", ...outcome })))}{"seq":9`);
  return { path: (...parts: string[]) => join(folder, ...parts) } as Parameters<typeof firstOperation>[1];
};
const NOWHERE = { error: 'relation "nowhere" does not exist' };
const never = new AbortController().signal;
/** A load whose live figures are these, one after another at each look. */
const loadOf = (figures: readonly Partial<LoadStats>[]) => {
  let i = 0;
  return { get stats() { return figures[Math.min(i++, figures.length - 1)]; } } as unknown as Load;
};

describe("the first operation", () => {
  test("that is served ends the wait, whatever was refused before it", async () => {
    await using folder = await temporaryFolder();
    await firstOperation(loadOf([{ at: 0, counts: {} }, { at: 1, counts: { rejected: 900, committed: 1 } }]), evidenceOf(folder.path, []), never);
  });

  test("that never comes is refused early, with the codes and what the server said", async () => {
    await using folder = await temporaryFolder();
    const evidence = evidenceOf(folder.path, [{ code: "57014" }, NOWHERE, NOWHERE, { outcome: "committed" }]);
    const load = loadOf([{ at: 0, counts: { rejected: 1 } }, { at: 4e9, counts: { rejected: 30 } }]);
    await expect(firstOperation(load, evidence, never)).rejects.toMatchObject({
      code: "load-refused", message: 'none of the load\'s first 30 operations was served, on the system as it is before any migration: book 2 times: 42P01 relation "nowhere" does not exist; pay 1 time: 57014',
    });
  });

  test("is waited for while few have ended, and the run's end ends the wait", async () => {
    await using folder = await temporaryFolder();
    const signal = AbortSignal.timeout(300);
    await expect(firstOperation(loadOf([{ at: 9e9, counts: { rejected: 9 } }]), evidenceOf(folder.path, [NOWHERE]), signal)).rejects.toMatchObject({ name: "TimeoutError" });
  });
});

describe("steady state that does not come", () => {
  const timedOut = new HarnessError({ code: "wait-timed-out", kind: "run", message: "timed out after 11 s waiting for steady state before the migration" });
  const DENIED = { code: "42501", error: "permission denied for table items" };

  test("says what operations are refused for, and how often", async () => {
    await using folder = await temporaryFolder();
    const evidence = evidenceOf(folder.path, [{ outcome: "committed" }, ...Array<object>(5).fill(DENIED)]);
    await expect(refusedInstead(timedOut, evidence, 0.01)).rejects.toMatchObject({
      code: "load-refused", message: "steady state did not come: of the load's first 6 operations 5 were refused, on the system as it is before any migration: book 5 times: 42501 permission denied for table items",
    });
  });

  test("is not laid to refusals that steady state tolerates, nor to none", async () => {
    await using folder = await temporaryFolder();
    await expect(refusedInstead(timedOut, evidenceOf(folder.path, [DENIED, { outcome: "committed" }]), 0.5)).rejects.toBe(timedOut);
    await expect(refusedInstead(timedOut, evidenceOf(folder.path, [{ outcome: "committed" }]), 0)).rejects.toBe(timedOut);
  });

  test("leaves any other error as it is", async () => {
    await using folder = await temporaryFolder();
    const other = new Error("something else");
    await expect(refusedInstead(other, evidenceOf(folder.path, Array<object>(5).fill(DENIED)), 0)).rejects.toBe(other);
  });
});

test("the head of a ledger that is not there, and what was refused of it, is nothing", async () => {
  await using folder = await temporaryFolder();
  const head = await ledgerHead({ path: (...parts) => join(folder.path, ...parts) });
  expect(head).toEqual({ intents: [], outcomes: [] });
  expect(refusals(head)).toEqual([]);
});
