// The score: one number for trends, from 0 to 100.

import type { ObjectiveResult } from "./scorecard.ts";

const DATA = new Set(["loss", "consistency", "isolation"]);

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
 * The mean quality q of all objectives gives 50 + 50q when the data objectives (loss,
 * consistency and isolation) are met, and 49q otherwise. So a run that lost or bent data is below every
 * run that did not, however fast it was; and a run that knows nothing has 0.
 */
export function score(objectives: readonly ObjectiveResult[]): number {
  if (objectives.length === 0) return 0;
  const mean = objectives.reduce((sum, objective) => sum + quality(objective), 0) / objectives.length;
  const dataMet = objectives.filter(({ name }) => DATA.has(name)).every(({ verdict }) => verdict === "met");
  const anyKnown = objectives.some(({ verdict }) => verdict !== "unknown");
  return anyKnown ? Math.round(dataMet ? 50 + 50 * mean : 49 * mean) : 0;
}
