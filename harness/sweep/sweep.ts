// Tries point after point until all are tried, or the budget is spent; what is known is written at once.

import { monotonicMs } from "../base/clock.ts";
import type { Verdict } from "../judge/scorecard.ts";
import { nextPoint, nextRepeat } from "./order.ts";
import type { Point } from "./points.ts";

/** How one try of a point came out. */
export type Outcome = {
  readonly id: string; readonly verdict: Verdict;
  /** Null where nobody knows. */
  readonly recoveryMs: number | null; readonly lostWrites: number | null;
  /** The objectives that were missed. */
  readonly missed: readonly string[];
  /** Kinds of the findings, each once. */
  readonly findings: readonly string[];
  /** The scorecard's answer, in a sentence. */
  readonly answer: string;
  /** Where its evidence is, relative to the sweep's folder; null where it is not kept. */
  readonly run: string | null;
  readonly tookMs: number;
};

/** A point after all of its tries: the worst of them counts, for what may fail is not known to hold. */
export type Tried = Outcome & { readonly tries: number; /** How many came out like this one. */ readonly alike: number };

const WORST_FIRST: readonly Verdict[] = ["missed", "unknown", "met"];

/** @param tries in the order in which they were made */
export function combined(tries: readonly Outcome[]): readonly Tried[] {
  return [...Map.groupBy(tries, ({ id }) => id).values()].flatMap((some): Tried[] => {
    const worst = some.toSorted((a, b) => WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict))[0];
    return worst ? [{ ...worst, tries: some.length, alike: some.filter(({ verdict, missed }) => verdict === worst.verdict && missed.join() === worst.missed.join()).length }] : [];
  });
}

/** So many tries repeat a point when so many points were tried. */
export const repeatsOf = (points: number, percent: number): number => Math.ceil((points * percent) / 100);

export type Budget = { readonly ms?: number; readonly points?: number };

/**
 * @returns all tries, those of before first
 * @throws what an attempt threw first, when the others that were under way are over
 */
export async function sweep({ points, before, seed, repeatPercent, budget, workers, attempt, write, signal }: {
  readonly points: readonly Point[];
  /** What an earlier part of this sweep found out. */
  readonly before: readonly Outcome[];
  readonly seed: number;
  /** Of the points that were tried so many in a hundred are tried once more: how often does an outcome repeat? */
  readonly repeatPercent: number;
  readonly budget: Budget;
  /** So many points are tried at once. */
  readonly workers: number;
  /** Says when its run is over and is only to be judged: the next point may begin beside that. */
  readonly attempt: (point: Point, over: () => void) => Promise<Outcome>;
  /** Keeps an outcome for good. */
  readonly write: (outcome: Outcome, point: Point, how: { readonly tried: number; readonly again: boolean }) => Promise<void>;
  readonly signal: AbortSignal;
}): Promise<readonly Outcome[]> {
  const tries = [...before];
  const tried = new Map(combined(before).map(({ id, verdict }) => [id, verdict]));
  let repeats = before.length - tried.size;
  const underWay = new Set<string>();
  const began = monotonicMs();
  let begun = 0;
  let longestMs = 0;
  let broken = false;
  const next = (): Point | undefined => {
    const fresh = nextPoint(points, tried, seed, underWay);
    const enough = fresh ? Math.floor((tried.size * repeatPercent) / 100) : repeatsOf(points.length, repeatPercent);
    const again = repeats < enough ? nextRepeat(tries, seed, repeats, underWay) : undefined;
    if (!again) return fresh;
    repeats += 1;
    return points.find(({ id }) => id === again);
  };
  const tryOut = async (point: Point, over: () => void) => {
    const again = tried.has(point.id);
    try {
      const outcome = await attempt(point, over);
      if (signal.aborted) return; // it was cut short: the next part of the sweep tries it again
      longestMs = Math.max(longestMs, outcome.tookMs);
      tries.push(outcome);
      for (const { id, verdict } of combined(tries.filter(({ id: other }) => other === point.id))) tried.set(id, verdict);
      await write(outcome, point, { tried: tried.size, again });
    } catch (error) {
      broken = true;
      throw error;
    } finally {
      underWay.delete(point.id);
    }
  };
  const work = async () => {
    let judged = Promise.resolve();
    try {
      while (!signal.aborted && !broken && begun < (budget.points ?? Infinity)) {
        // A point that would end after the budget is not begun.
        if (begun > 0 && monotonicMs() - began + longestMs > (budget.ms ?? Infinity)) return;
        const point = next();
        if (!point) return;
        begun += 1;
        underWay.add(point.id);
        const over = Promise.withResolvers<void>();
        const known = tryOut(point, over.resolve);
        known.catch(() => undefined); // it is thrown below
        await Promise.race([over.promise, known]);
        await judged; // no more than one is judged beside
        judged = known;
      }
    } finally {
      await judged;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: workers }, work));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return tries;
}

/** Reads `10m`, `90s`, or a number of tries; undefined for anything else. */
export function parseBudget(text: string): Budget | undefined {
  const [, number = "", unit] = /^(\d+)(s|m|h)?$/.exec(text) ?? [];
  if (Number(number) === 0) return undefined;
  return unit === undefined ? { points: Number(number) } : { ms: Number(number) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit as "s" | "m" | "h"] };
}
