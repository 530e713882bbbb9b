// Whether a scorecard is what its drill expects: a drill of a system that is wrong on purpose must be missed, and for its reason alone.

import type { Drill } from "../drill/schema.ts";
import type { Scorecard } from "./scorecard.ts";
import { stoodStillMs } from "./standstills.ts";
import { OF_TIME } from "./verdicts.ts";

const MET: NonNullable<Drill["expect"]> = { verdict: "met", missed: [], findings: [], onlyThese: false, says: [] };

/** In what a scorecard is other than expected, each in a sentence; nothing when it is as it must be. Without an expectation a drill must be met. */
export function surprises(expect: Drill["expect"], card: Scorecard): string[] {
  const { verdict, missed, findings, onlyThese, says } = expect ?? MET;
  const named = new Set(card.findings.flatMap((finding) => [finding, ...(finding.consequences ?? [])]).flatMap(({ kind, subject }) => [kind, `${kind} ${subject}`]));
  const surplus = card.findings.filter(({ kind, subject }) => onlyThese && !findings.includes(kind) && !findings.includes(`${kind} ${subject}`));
  return [
    ...(card.verdict === verdict ? [] : [`it is ${card.verdict}, and must be ${verdict}`]),
    ...card.objectives.flatMap(({ name, verdict: seen, reason, applies = true }) => {
      const must = missed.includes(name);
      if (seen === "unknown" && !must && (!applies || verdict === "unknown")) return [];
      return seen === "unknown" ? [`${name} is unknown: ${reason}`] : (seen === "missed") === must ? [] : [`${name} is ${seen}, and must be ${must ? "missed" : "met"}: ${reason}`];
    }),
    ...missed.filter((name) => !card.objectives.some((objective) => objective.name === name)).map((name) => `${name} must be missed, and is no objective`),
    ...findings.filter((finding) => !named.has(finding)).map((finding) => (finding.includes(" ") ? `no finding is ${finding}` : `no finding is of the kind ${finding}`)),
    ...surplus.map(({ kind, subject, detail }) => `${kind} ${subject} is found, and must not be: ${detail}`),
    ...says.filter((words) => !card.summary.includes(words)).map((words) => `the answer doesn't say "${words}": ${card.summary}`),
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
