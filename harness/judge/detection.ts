// Was an alert owed, and did it come in time?

import type { Drill } from "../drill/schema.ts";
import type { Episode, Measured } from "./scorecard.ts";

/** When the detector fired, and until when; milliseconds of the run. */
export type Alert = { readonly fromMs: number; readonly toMs: number | null };

export type Detection = {
  /** The slowest alert of those that were owed, from the impact that it belongs to. Null where one was owed and none came. */
  readonly slowest: number | null;
  /** Of impacts that lasted longer than the bound and the detector's own window. */
  readonly owed: number;
  /** Those of them that nobody detected, the longest first, in milliseconds. */
  readonly undetectedMs: readonly number[];
  /** Impacts that lasted longer than the bound, but are within what the detector itself needs. */
  readonly betweenMs: readonly number[];
  /** The longest impact, in milliseconds. */
  readonly longestMs: number;
};

/**
 * An impact that is over before the bound owes no alert, and where there is no impact none is owed. One that lasted longer is owed an alert within the
 * bound, unless it was over before the detector had seen one of its windows: what nobody noticed then is not known to be noticed,
 * nor is it the detector's failure.
 *
 * An alert belongs to the impact during which it fires, or just after (a detector looks back over a window); or it was firing already
 * when the impact began, which took no time.
 * @param endMs when the observation ended: an impact that was not over by then lasted at least until there
 */
export function detectionOf(episodes: readonly Episode[], alerts: readonly Alert[], { windowMs }: Pick<Drill["detector"], "windowMs">, maxMs: number, endMs: number): Detection {
  const seen = episodes.map(({ fromMs, toMs }) => {
    const end = toMs ?? endMs;
    const alert = alerts.find((one) => (one.toMs ?? Infinity) >= fromMs && one.fromMs <= end + windowMs);
    return { lasted: end - fromMs, took: alert === undefined ? null : Math.max(0, alert.fromMs - fromMs) };
  });
  const owed = seen.filter(({ lasted, took }) => lasted > maxMs && (took !== null || lasted > windowMs));
  const undetected = owed.filter(({ took }) => took === null);
  return {
    slowest: undetected.length > 0 || owed.length === 0 ? null : Math.max(...owed.map(({ took }) => took ?? 0)),
    owed: owed.length,
    undetectedMs: undetected.map(({ lasted }) => lasted).toSorted((a, b) => b - a),
    betweenMs: seen.filter(({ lasted, took }) => lasted > maxMs && lasted <= windowMs && took === null).map(({ lasted }) => lasted),
    longestMs: Math.max(0, ...seen.map(({ lasted }) => lasted)),
  };
}

/** The time to the alert, as a scorecard tells it, when the objective is judged. */
export function slowestAlert({ slowest }: Detection, plusMinus: number): Measured {
  return { value: slowest, plusMinus: slowest === null ? 0 : plusMinus, unit: "ms" };
}
