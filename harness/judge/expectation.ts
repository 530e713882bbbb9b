// Whether a scorecard is what its drill expects: a drill of a system that is wrong on purpose must be missed, and for its reason alone.

import type { Drill } from "../drill/schema.ts";
import type { Scorecard } from "./scorecard.ts";
import { stoodStillMs } from "./standstills.ts";
import { OF_TIME } from "./verdicts.ts";

/** In what a scorecard is other than expected, each in a sentence; nothing when it is as it must be. Without an expectation a drill must be met. */
export function surprises(expect: Drill["expect"], card: Scorecard): string[] {
  const { verdict, missed, findings } = expect ?? { verdict: "met", missed: [], findings: [] };
  const found = new Set(card.findings.map(({ kind }) => kind));
  return [
    ...(card.verdict === verdict ? [] : [`it is ${card.verdict}, and must be ${verdict}`]),
    ...card.objectives.flatMap(({ name, verdict: seen, reason, applies = true }) => {
      const must = missed.includes(name);
      return !applies && !must ? [] : seen === "unknown" ? [`${name} is unknown: ${reason}`] : (seen === "missed") === must ? [] : [`${name} is ${seen}, and must be ${must ? "missed" : "met"}: ${reason}`];
    }),
    ...missed.filter((name) => !card.objectives.some((objective) => objective.name === name)).map((name) => `${name} must be missed, and is no objective`),
    ...findings.filter((kind) => !found.has(kind)).map((kind) => `no finding is of the kind ${kind}`),
  ];
}

/**
 * Whether a run says too little to count for or against its drill: for half a second or more nobody knows whether the machine or
 * the system let clients wait, or what the faults met. A time that is missed says as little as one that is unknown: what stood still may
 * have kept the system from being faster, beyond what is known of it. What else is missed against expectation counts all the same.
 */
export function isSpoiled(expect: Drill["expect"], { standstills, objectives }: Scorecard): boolean {
  return stoodStillMs(standstills) >= 500 && objectives.every(({ name, verdict }) => verdict !== "missed" || OF_TIME.has(name) || expect?.missed.includes(name));
}

/** Whether a run is worth repeating, where nothing is expected: it is spoiled, and nobody knows, or only a time was missed. */
export function isWorthRepeating(card: Scorecard): boolean {
  return card.verdict !== "met" && isSpoiled(undefined, card);
}
