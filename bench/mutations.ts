// Changes at random against the judge: a thousand, or TURNBACK_MUTATIONS of them, from TURNBACK_SEED, with independent witnesses.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness/base/files.ts";
import { writeGenerated } from "../test/corpus/document.ts";
import { CHANGES } from "../test/mutations/changes.ts";
import { KNOWN } from "../test/mutations/known.ts";
import { Laboratory } from "../test/mutations/laboratory.ts";
import { describeResult, session } from "../test/mutations/session.ts";
import { disagrees, renderFigures, tally, type Entry } from "../test/mutations/tally.ts";

const WANTED = Number(process.env["TURNBACK_MUTATIONS"] ?? 1000);
const SEED = Number(process.env["TURNBACK_SEED"] ?? 1);
/** To make one of them again: its number, with TURNBACK_MUTATIONS=1. */
const FIRST = Number(process.env["TURNBACK_MUTATION"] ?? 0);
/** Fewer say too little to be published. */
const PUBLISHED_FROM = 300;

export async function mutations(): Promise<void> {
  await using laboratory = await Laboratory.open();
  const dumped = laboratory.programs !== undefined;
  console.log(`  seed ${SEED}, from number ${FIRST}; ${CHANGES.length} kinds; PostgreSQL ${laboratory.major}; ${dumped ? "with pg_dump" : "no pg_dump that is new enough: catalogues and data alone"}`);
  const entries: Entry[] = [];
  const began = performance.now();
  for await (const result of session(laboratory, CHANGES, { seed: SEED, wanted: WANTED, first: FIRST })) {
    entries.push({ object: result.change.object, noop: result.change.noop ?? false, outcome: result.outcome });
    if (disagrees(result.outcome) || WANTED === 1) console.log(`${KNOWN.has(result.change.name) ? "known, " : ""}${describeResult(result)}`);
    if (process.stdout.isTTY) process.stdout.write(`\r  ${entries.length} of ${WANTED}`);
  }
  const figures = { seed: SEED, server: laboratory.major, kinds: CHANGES.length, dumped, ...tally(entries) };
  console.log(`${renderFigures(figures)}\n\n  ${(entries.length / ((performance.now() - began) / 1000)).toFixed(2)} changes a second`);
  if (WANTED < PUBLISHED_FROM) return;
  writeFileSync(join(ROOT, "test/mutations/figures.json"), `${JSON.stringify(figures, null, 2)}\n`);
  writeGenerated();
  console.log("  written to test/corpus/README.md");
}
