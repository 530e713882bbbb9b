// In which order points are tried: so that a short budget still finds most.

import { seededRandom } from "../base/random.ts";
import type { Verdict } from "../judge/scorecard.ts";
import type { Point } from "./points.ts";

/**
 * The most telling point that was not tried: the moments between steps first, then the middle between two neighbours that came
 * out differently, then any. Within each the seed decides, so it gives the same plan again for the same outcomes.
 * @param points all of them, neighbours in time beside each other
 * @param underWay those that are being tried just now
 */
export function nextPoint(points: readonly Point[], tried: ReadonlyMap<string, Verdict>, seed: number, underWay: ReadonlySet<string> = new Set()): Point | undefined {
  const open = points.filter(({ id }) => !tried.has(id) && !underWay.has(id));
  const boundaries = open.filter(({ moments }) => moments.every(({ boundary }) => boundary) && moments.length === 1);
  const random = seededRandom(seed + tried.size + underWay.size);
  const any = (some: readonly Point[]) => some[Math.floor(random() * some.length)];
  return any(boundaries) ?? between(points.filter(({ id }) => !underWay.has(id)), tried) ?? any(open);
}

/**
 * The point to be tried once more: of those that were tried the least often one that is not met and one that is by turns, so that
 * both what fails and what holds is known to repeat. The seed decides among them.
 * @param turn even for one that is not met
 */
export function nextRepeat(tries: readonly { readonly id: string; readonly verdict: Verdict }[], seed: number, turn: number, underWay: ReadonlySet<string>): string | undefined {
  const points = [...Map.groupBy(tries, ({ id }) => id)].filter(([id]) => !underWay.has(id)).map(([id, some]) => ({ id, times: some.length, met: some.every(({ verdict }) => verdict === "met") }));
  const least = Math.min(...points.map(({ times }) => times));
  const seldom = points.filter(({ times }) => times === least);
  const wanted = seldom.filter(({ met }) => met === (turn % 2 === 1));
  const some = wanted.length > 0 ? wanted : seldom;
  return some[Math.floor(seededRandom(seed + turn)() * some.length)]?.id;
}

/** The middle of the widest gap between two tried neighbours of one lane whose verdicts differ. */
function between(points: readonly Point[], tried: ReadonlyMap<string, Verdict>): Point | undefined {
  let widest: readonly Point[] = [];
  for (const lane of Map.groupBy(points, ({ way, fault, moments }) => `${way} ${fault.name} ${moments.length}`).values()) {
    let from: number | undefined;
    lane.forEach(({ id }, i) => {
      const verdict = tried.get(id);
      if (verdict === undefined) return;
      if (from !== undefined && tried.get(lane[from]?.id ?? "") !== verdict && i - from - 1 > widest.length) widest = lane.slice(from + 1, i);
      from = i;
    });
  }
  return widest[Math.floor(widest.length / 2)];
}
