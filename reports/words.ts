// How verdicts and figures are put into words, alike in every report: icon, word and colour.

import type { Measured, ObjectiveResult, Scorecard, Verdict } from "../harness/judge/scorecard.ts";
import { stoodStillMs } from "../harness/judge/standstills.ts";
import { ms } from "../harness/judge/verdicts.ts";
import type { Way } from "../harness/sweep/points.ts";

export const ICONS: Readonly<Record<Verdict, string>> = { met: "✔", missed: "✘", unknown: "?" };
/** How an objective is told: its verdict, or that it is not applicable. */
export const iconOf = ({ verdict, applies = true }: ObjectiveResult): string => (applies ? ICONS[verdict] : "–");
export const wordOf = ({ verdict, applies = true }: ObjectiveResult): string => (applies ? WORDS[verdict] : "N/A");

export const WORDS: Readonly<Record<Verdict, string>> = { met: "MET", missed: "MISSED", unknown: "UNKNOWN" };

/** A figure with its uncertainty: `4.21 s ± 8 ms`, `98.62 %`, `3`. */
export function figure({ value, plusMinus, unit, atLeast }: Measured): string {
  if (value === null) return "not measured";
  const least = atLeast ? "≥ " : "";
  if (unit === "ratio") return `${least}${(value * 100).toFixed(2)} %`;
  if (unit === "count") return `${least}${value.toLocaleString("en-US")}`;
  return `${least}${ms(value)}${plusMinus > 0 ? ` ± ${ms(plusMinus)}` : ""}`;
}

/** When the instruments were not run, if that was ever so: `the machine stood still for 3.10 s in all: ...`. */
export function stoodStill({ standstills = [] }: Scorecard): string | undefined {
  if (standstills.length === 0) return undefined;
  return `the machine stood still ${standstills.length === 1 ? "" : `${standstills.length} times, `}for ${ms(stoodStillMs(standstills))}${standstills.length === 1 ? "" : " in all"}: timings carry this much extra uncertainty`;
}

/** A target in words: `at most 15.0 s`, `at least 99 %`, `none`. */
export function target(objective: ObjectiveResult): string {
  const parts = Object.entries(objective.target).map(([name, bound]) => {
    if (typeof bound === "boolean") return name === "completed" ? "to its end" : name;
    if (name === "min") return `at least ${(bound * 100).toFixed(bound * 100 === Math.round(bound * 100) ? 0 : 2)} %`;
    if (name.endsWith("Ms")) return `at most ${ms(bound)}`;
    return bound === 0 ? "none" : `at most ${bound}`;
  });
  return [...new Set(parts)].join(", ");
}

/** The target, and what the figure beside it doesn't cover. */
export const bound = (objective: ObjectiveResult): string => `${target(objective)}${objective.note === undefined ? "" : `; ${objective.note}`}`;

/** Whether a scorecard's figure was a measurement or a yes/no about the way back. */
export function measured(objective: ObjectiveResult): string {
  if (objective.applies === false) return "not applicable";
  if (objective.name !== "completion") return figure(objective.measured);
  return objective.measured.value === null ? "never taken" : objective.measured.value === 1 ? "completed" : "failed";
}

/** Ways back as people call them: `down` is also what a network may be. */
export const WAYS: Readonly<Record<Way, string>> = {
  down: "backward statements", flag: "feature flag", resume: "forward again", pitr: "point-in-time recovery", snapshot: "snapshot", failover: "failover",
  "switch-back": "blue-green switch back", "volume-back": "old volume", coordinated: "several databases as one",
};
