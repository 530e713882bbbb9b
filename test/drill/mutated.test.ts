// Whatever is made of a declaration: it is read, or refused with exit code 3, its place and a remedy; at once, and in words.

import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { monotonicMs } from "../../harness/base/clock.ts";
import { HarnessError } from "../../harness/base/errors.ts";
import { ROOT } from "../../harness/base/files.ts";
import { seededRandom } from "../../harness/base/random.ts";
import { readForRun } from "../../harness/conduct/run-drill.ts";
import { readApplication, readDrill, readSystem } from "../../harness/drill/parse.ts";
import { readSuite } from "../../harness/drill/suite.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { temporaryFolder } from "../support/drills.ts";
import { mutant, seeds, type Mutant } from "./mutations.ts";

/** As a run of the command would, up to what it starts. */
async function read({ kind, file }: Mutant): Promise<unknown> {
  if (kind === "drill") return readForRun({ file });
  if (kind === "plan") return readPlan(dirname(file));
  if (kind === "system") return readSystem(dirname(file));
  if (kind === "application") return readApplication(dirname(file));
  for (const { file: drill } of (await readSuite(file)).files.slice(0, 20)) await readDrill(drill);
  return undefined;
}

/** What is wrong with how it ended; undefined where it is as it must be. */
function complaint(error: unknown, tookMs: number): string | undefined {
  if (tookMs > 5_000) return `it took ${Math.round(tookMs)} ms`;
  if (error === undefined) return undefined;
  if (!(error instanceof HarnessError)) return `a raw error: ${error instanceof Error ? error.stack : String(error)}`;
  if (error.kind !== "declaration" && error.code !== "no-browser") return `exit code ${error.exitCode}: ${error.message}`;
  if (!error.place || !error.remedy) return `no place or no remedy: ${error.message}`;
  const longest = Math.max(...error.message.split("\n").map((line) => line.length), error.place.length);
  if (longest > 900 || error.message.split("\n").length > 25) return `a message of ${error.message.length} characters: ${error.message.slice(0, 300)}`;
  return undefined;
}

const COUNT = Number(process.env["TURNBACK_MUTATIONS"] ?? 400);
const SEED = Number(process.env["TURNBACK_MUTATIONS_SEED"] ?? 22);

test(`${COUNT} mutated declarations are read, or refused in words`, { timeout: 60_000 + COUNT * 100 }, async () => {
  await using folder = await temporaryFolder();
  const chance = seededRandom(SEED);
  const all = await seeds();
  const before = readdirSync(ROOT).length;
  const wrong: string[] = [];
  const ended = { read: 0, refused: 0 };
  for (let i = 0; i < COUNT; i++) {
    const seed = all[Math.floor(chance() * all.length)] as (typeof all)[number];
    const at = mutant(seed, join(folder.path, String(i)), chance);
    const began = monotonicMs();
    const error = await read(at).then(() => undefined, (caught: unknown) => caught);
    const odd = complaint(error, monotonicMs() - began);
    if (odd !== undefined) wrong.push(`${i}: ${seed.name} (${at.kind}), ${at.how}: ${odd}`);
    ended[error === undefined ? "read" : "refused"]++;
    rmSync(join(folder.path, String(i)), { recursive: true });
  }
  expect(wrong).toEqual([]);
  expect(ended.read, "some mutants do no harm").toBeGreaterThan(COUNT / 20);
  expect(ended.refused).toBeGreaterThan(COUNT / 2);
  expect(readdirSync(ROOT).length, "nothing was written elsewhere").toBe(before);
});
