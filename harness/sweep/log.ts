// A sweep's folder: what it was asked, and a line for each point as soon as it is known, so that a crash loses none.

import { appendFile, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { exists, sha256, writeAtomically } from "../base/files.ts";
import type { Outcome } from "./sweep.ts";

const ASKED = "sweep.json";
const POINTS = "points.jsonl";
const FOUND = "found.jsonl";
/** Evidence of its points, run directories like any other. */
export const EVIDENCE = "points";

export type Asked = { readonly schema: "turnback.sweep/1"; readonly drill: string; readonly key: string; readonly startedAt: string };

/** What must be the same for one sweep to go on with another's work. */
export function keyOf(question: object): string {
  return sha256(JSON.stringify(question));
}

/** The newest sweep below a folder that was asked the same, and when that was. */
export async function findSweep(runs: string, key: string): Promise<{ readonly directory: string; readonly startedAt: string } | undefined> {
  if (!(await exists(runs))) return undefined;
  for (const name of (await readdir(runs)).toSorted().toReversed()) {
    const file = join(runs, name, ASKED);
    if (!name.includes("-sweep-") || !(await exists(file))) continue;
    const asked = JSON.parse(await readFile(file, "utf8")) as Asked;
    if (asked.key === key) return { directory: join(runs, name), startedAt: asked.startedAt };
  }
  return undefined;
}

export async function openSweep(directory: string, asked: Asked): Promise<void> {
  await mkdir(join(directory, EVIDENCE), { recursive: true });
  await writeAtomically(join(directory, ASKED), `${JSON.stringify(asked, null, 2)}\n`);
}

/** Removes the evidence of points that were interrupted: no line names it, and they are rehearsed anew. */
export async function forgetInterrupted(directory: string, outcomes: readonly Outcome[]): Promise<void> {
  const known = new Set(outcomes.map(({ run }) => run?.split("/")[1]));
  for (const name of await readdir(join(directory, EVIDENCE))) if (!known.has(name)) await rm(join(directory, EVIDENCE, name), { recursive: true });
}

export const appendOutcome = (directory: string, outcome: Outcome): Promise<void> => append(join(directory, POINTS), outcome);
export const readOutcomes = (directory: string): Promise<readonly Outcome[]> => readLines<Outcome>(join(directory, POINTS));

/** A failing point that was made smaller, and written as a drill. */
export type Found = { readonly point: string; /** Relative to the sweep's folder; null where it never failed again. */ readonly file: string | null; readonly failed: number; readonly of: number; readonly changes: readonly string[] };

export const appendFound = (directory: string, found: Found): Promise<void> => append(join(directory, FOUND), found);
export const readFound = (directory: string): Promise<readonly Found[]> => readLines<Found>(join(directory, FOUND));

async function append(file: string, line: object): Promise<void> {
  await appendFile(file, `${JSON.stringify(line)}\n`);
}

/** What is known so far. A last line that a crash has cut off says nothing, and goes. */
async function readLines<T>(file: string): Promise<readonly T[]> {
  if (!(await exists(file))) return [];
  const lines = (await readFile(file, "utf8")).split("\n");
  const torn = lines.pop(); // empty where the last line is whole
  if (torn) await writeAtomically(file, lines.map((line) => `${line}\n`).join(""));
  return lines.map((line) => JSON.parse(line) as T);
}
