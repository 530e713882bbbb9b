// The score: one number for trends, from 0 to 100, that never contradicts the verdict.

import type { ObjectiveResult } from "./scorecard.ts";

const DATA = new Set(["loss", "consistency", "isolation"]);

/** An objective that can't be judged, as recovery where nobody went back, counts for nothing. */
const applies = ({ applies: asked = true }: ObjectiveResult) => asked;

/**
 * How well one objective did, from 0 to 1. Unknown is 0. Met is at least 0.8, and more the
 * further a time stays below its bound. Missed is under 0.5, and less the further it is over.
 */
export function quality({ verdict, measured, target }: ObjectiveResult): number {
  if (verdict === "unknown") return 0;
  const max = target["maxMs"];
  const value = measured.value ?? 0;
  if (typeof max !== "number") return verdict === "met" ? 1 : 0;
  return verdict === "met" ? 1 - 0.2 * Math.min(1, value / max) : 0.5 * Math.min(1, max / Math.max(value, 1));
}

/**
 * First in which band a run belongs, then by the mean quality of its objectives within it:
 *
 *   80 to 100  met: every objective
 *   60 to 79   it came back; nothing is missed, and something is not known
 *   40 to 59   it came back with its data (loss, consistency and isolation met), and missed something else
 *   20 to 39   it came back without them, or nobody knows
 *    1 to 19   it did not come back, or nobody knows whether it did
 *    0         nothing is known
 *
 * So a run that failed to come back is below every one that did, missed is below met, unknown is below met, and lost or bent
 * data is below every run without it that came back.
 */
export function score(objectives: readonly ObjectiveResult[]): number {
  const asked = objectives.filter(applies);
  if (!asked.some(({ verdict }) => verdict !== "unknown")) return 0;
  const mean = asked.reduce((sum, objective) => sum + quality(objective), 0) / asked.length;
  const cameBack = objectives.every(({ name, verdict }) => name !== "completion" || verdict === "met");
  const dataMet = objectives.filter(({ name }) => DATA.has(name)).every(({ verdict }) => verdict === "met");
  if (!cameBack) return Math.max(1, Math.floor(19 * mean));
  if (asked.every(({ verdict }) => verdict === "met")) return Math.round(80 + 20 * Math.max(0, (mean - 0.8) / 0.2));
  if (!asked.some(({ verdict }) => verdict === "missed")) return 60 + Math.floor(19 * mean);
  return (dataMet ? 40 : 20) + Math.floor(19 * mean);
}
