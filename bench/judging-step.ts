// One step of judging a run, in a process of its own: how long it took, how much memory it had at most, and what came of it.

import { EvidenceDatabase } from "../harness/evidence/database.ts";
import { packRun } from "../harness/evidence/pack.ts";
import { judge } from "../harness/judge/judge.ts";
import { reconcile } from "../harness/judge/reconcile.ts";
import { readEntities, readRun } from "../harness/judge/run-record.ts";

const STEPS = {
  pack: async (run: string) => { await packRun(run, readEntities(await readRun(run))); },
  reconcile: async (run: string) => {
    const entities = readEntities(await readRun(run));
    await using database = await EvidenceDatabase.open(run, entities);
    const { lost, phantom, altered } = await reconcile(database, entities);
    return { lost: lost.definite, phantom, altered };
  },
  judge: async (run: string) => { await judge(run); },
};

export type Step = keyof typeof STEPS;
export type Figure = { readonly seconds: number; readonly rssMb: number; readonly result: unknown };

if (import.meta.main) {
  const [step = "", run = ""] = process.argv.slice(2);
  const began = performance.now();
  const result = await STEPS[step as Step](run);
  console.log(JSON.stringify({ seconds: (performance.now() - began) / 1_000, rssMb: process.resourceUsage().maxRSS / 1_024, result: result ?? null } satisfies Figure));
}
