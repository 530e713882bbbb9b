// Makes a failing schedule smaller as long as it goes on failing: fewer faults, steps and clients, less data.

import { isDeepStrictEqual } from "node:util";
import type { Plan } from "../drill/plan.ts";
import { drillSchema, type Drill } from "../drill/schema.ts";

/** What a smaller drill must do to count: go on failing at least nine times in ten. */
const TRIES = 10;
const LEAST = 9;
/** How often a smaller drill must fail in a row to be looked at further. */
const FIRST_LOOK = 2;

const LOADS = [10, 25, 50, 75];
const SCALES = [0.01, 0.02, 0.05, 0.1];

/** Whether a drill fails for the reason that is looked for, and whether one is met. */
export type Judged = { readonly fails: (drill: Drill) => Promise<boolean>; readonly isMet: (drill: Drill) => Promise<boolean> };

export type Shrunk = { readonly drill: Drill; /** Of how many tries it failed in how many. */ readonly failed: number; readonly of: number; readonly changes: readonly string[] };

/** `other`: it has another plan, which may be wrong by itself. */
type Smaller = { readonly change: string; readonly drill: Drill; readonly other?: true };

/** Smaller drills than this one, the most telling first. */
export function smaller(drill: Drill, plan: Plan): readonly Smaller[] {
  const { faults, load, system } = drill;
  const fewerFaults = faults.length < 2 ? [] : faults.map((fault, i) => ({ change: `without the fault ${fault.kind} at ${JSON.stringify(fault.at)}`, drill: { ...drill, faults: faults.toSpliced(i, 1) } }));
  const chosen = plan.steps.filter(({ id }) => drill.migration.steps?.includes(id) ?? true);
  const struck = new Set(faults.flatMap(({ at }) => ("before" in at ? [at.before] : "after" in at ? [at.after] : "within" in at ? [at.within] : [])));
  // From the last one backward, so that what needs a step is gone before it.
  const fewerSteps = chosen.toReversed().filter(({ id }) => !struck.has(id) && chosen.length > 1 && !chosen.some(({ needs }) => needs.includes(id)))
    .map(({ id }): Smaller => ({ change: `without the step ${id}`, other: true, drill: { ...drill, migration: { ...drill.migration, steps: chosen.filter((step) => step.id !== id).map((step) => step.id) } } }));
  const lighter = LOADS.filter((arrivals) => arrivals < load.arrivalsPerSecond).map((arrivalsPerSecond) => ({ change: `${arrivalsPerSecond} arrivals a second`, drill: { ...drill, load: { ...load, arrivalsPerSecond } } }));
  const lesser = SCALES.filter((scale) => scale < system.scale).map((scale) => ({ change: `data at scale ${scale}`, drill: { ...drill, system: { ...system, scale } } }));
  return [...fewerFaults, ...fewerSteps, ...lighter, ...lesser];
}

/**
 * Greedy: the first smaller drill that fails alike twice in a row is taken, until there is none; then the result must fail in nine of
 * ten tries, or the last change is taken back. A step is only left out where the rest is met when nothing strikes: what was
 * undone by that step would else be missed for a reason of our own making.
 */
export async function shrink(drill: Drill, plan: Plan, { fails, isMet }: Judged, say: (what: string) => void): Promise<Shrunk> {
  const path: Smaller[] = [{ change: "", drill }];
  const refused = new Set<string>();
  const last = () => path.at(-1)?.drill ?? drill;
  for (;;) {
    const next = await firstThatFails(smaller(last(), plan).filter(({ change }) => !refused.has(change)), async (candidate) => {
      for (let i = 0; i < FIRST_LOOK; i++) if (!(await fails(candidate.drill))) { refused.add(candidate.change); return false; }
      if (candidate.other !== true || (await isMet({ ...candidate.drill, faults: [] }))) return true;
      refused.add(candidate.change);
      return false;
    });
    if (!next) break;
    say(`smaller: ${next.change}`);
    path.push(next);
  }
  for (;;) {
    let failed = 0;
    for (let i = 0; i < TRIES && failed + TRIES - i >= LEAST; i++) if (await fails(last())) failed += 1;
    if (failed >= LEAST || path.length === 1) return { drill: last(), failed, of: TRIES, changes: path.slice(1).map(({ change }) => change) };
    say(`too small, it failed ${failed} times of ${TRIES}: not ${path.at(-1)?.change ?? ""}`);
    path.pop();
  }
}

async function firstThatFails<T>(candidates: readonly T[], fails: (candidate: T) => Promise<boolean>): Promise<T | undefined> {
  for (const candidate of candidates) if (await fails(candidate)) return candidate;
  return undefined;
}

/** A drill as its author would write it: without what the schema fills in. */
export function declarationOf(drill: Drill): Record<string, unknown> {
  const declared = JSON.parse(JSON.stringify(drill)) as Record<string, unknown>;
  const same = () => {
    const parsed = drillSchema.safeParse(declared);
    return parsed.success && isDeepStrictEqual(JSON.parse(JSON.stringify(parsed.data)), JSON.parse(JSON.stringify(drill)));
  };
  const prune = (part: Record<string, unknown>) => {
    for (const [key, value] of Object.entries(part)) {
      Reflect.deleteProperty(part, key);
      if (same()) continue;
      part[key] = value;
      if (typeof value !== "object" || value === null) continue;
      for (const inner of Array.isArray(value) ? (value as unknown[]) : [value]) if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) prune(inner as Record<string, unknown>);
    }
  };
  prune(declared);
  return declared;
}
