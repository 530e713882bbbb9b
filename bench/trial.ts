// One rehearsal for a figure: what the scorecard states is lost, beside what clients were told of records that are written once.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDrill, SILENT } from "../harness/conduct/run-drill.ts";
import type { DrillDeclaration } from "../harness/drill/schema.ts";
import { EvidenceDatabase } from "../harness/evidence/database.ts";
import { packRun } from "../harness/evidence/pack.ts";
import { ask } from "../harness/judge/ask.ts";
import { judge } from "../harness/judge/judge.ts";
import type { Scorecard } from "../harness/judge/scorecard.ts";
import type { Topology } from "../harness/topology/topology.ts";

/** Rows of these are written once: the transaction that a row names is the one that its client was told of. */
export const WRITTEN_ONCE = { payment: "payments", movement: "stock_movements" } as const;

export type Trial = {
  readonly card: Scorecard;
  /** Records of WRITTEN_ONCE, as `entity key`, that the scorecard names as lost. */
  readonly stated: ReadonlySet<string>;
  /** Those that clients were told are committed, and when, in nanoseconds of the run. */
  readonly told: ReadonlyMap<string, number>;
  /** When each fault took hold: between its being triggered and its being proven, in milliseconds of the run. */
  readonly struck: readonly { readonly fromMs: number; readonly toMs: number }[];
};

/** Rehearses a drill in the process runtime; `look` sees the system between the way back and its tidying up. */
export async function trial(drill: DrillDeclaration, seed: number, look: (topology: Topology) => Promise<void>): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), "tb-trial-"));
  try {
    const file = join(folder, `${drill.name}.drill.json`);
    await writeFile(file, JSON.stringify(drill));
    const { directory, failure, system } = await runDrill({ file, runtime: "process", seed, runsDirectory: folder, signal: new AbortController().signal, watcher: SILENT, beforeTidy: look });
    if (failure) throw failure;
    await packRun(directory, system.entities);
    const card = await judge(directory);
    await using database = await EvidenceDatabase.open(directory, system.entities);
    const told = await database.rows(`select entity || ' ' || key as key, "end"::double as at from effects where outcome = 'committed'`);
    const struck = await database.rows(`select min(t)::double / 1e6 as "fromMs", max(t)::double / 1e6 as "toMs" from timeline where kind = 'fault' and state in ('triggered', 'proven') group by "index" order by "index"`);
    const names = Object.keys(WRITTEN_ONCE);
    const [harms = []] = await ask(directory, [`select entity || ' ' || key as key from harms where harm = 'write-lost' and entity in (${names.map((name) => `'${name}'`).join(", ")})`]);
    return { card, stated: new Set(harms.map(({ key }) => String(key))), told: new Map(told.map(({ key, at }) => [String(key), Number(at)])), struck: struck.map(({ fromMs, toMs }) => ({ fromMs: Number(fromMs), toMs: Number(toMs) })) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Adds the records of WRITTEN_ONCE that are there, as `entity key`: by plain SQL on the live server, without the judge. */
export async function whatIsThere(topology: Topology, held: Set<string>): Promise<void> {
  const client = await topology.observer("bench");
  for (const [entity, table] of Object.entries(WRITTEN_ONCE)) {
    for (const { ref } of (await client.query<{ ref: string }>(`select ref::text from ${table}`)).rows) held.add(`${entity} ${ref}`);
  }
  await client.end();
}

/** Those that clients were told are committed before a moment, and that are not there. */
export function gone(told: Trial["told"], held: ReadonlySet<string>, beforeMs: number | null | undefined): Set<string> {
  const before = (beforeMs ?? Number.NaN) * 1e6;
  return new Set([...told].filter(([key, at]) => at < before && !held.has(key) && Object.keys(WRITTEN_ONCE).some((entity) => key.startsWith(`${entity} `))).map(([key]) => key));
}

/** Whether two sets hold the same. */
export function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key));
}

/** A line that is written over on a terminal, and left out elsewhere. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K  ${text}`);
}
