// What the judge made of each change, held against the witnesses; and the figures, each share with its interval.

import type { Scorecard } from "../../harness/judge/scorecard.ts";
import type { Difference } from "./witness.ts";

/**
 * `found`: by a finding. `told`: by a warning or a doubt alone, so that the run is not simply green. `named`: the scorecard says that the
 * changed table's data was not looked at. `failed`: the facts or the judge ended with an error.
 */
export type Outcome = "found" | "told" | "named" | "missed" | "silent" | "false alarm" | "failed";
export type Entry = { readonly object: string; readonly noop: boolean; readonly outcome: Outcome };
export type Figures = {
  readonly seed: number;
  readonly server: number;
  readonly kinds: number;
  /** Whether pg_dump was one of the witnesses. */
  readonly dumped: boolean;
  /** What whoever looked into the disagreements found. */
  readonly note?: string;
  readonly objects: Readonly<Record<string, Readonly<Partial<Record<Outcome, number>>>>>;
  readonly noops: Readonly<Partial<Record<Outcome, number>>>;
};

type Told = Pick<Scorecard, "findings" | "warnings" | "doubts" | "coverage">;

/** The witnesses decide whether there was anything to be told. */
export function outcomeOf(differences: readonly Difference[], { findings, warnings, doubts, coverage }: Told): Outcome {
  const told = findings.length + doubts.length + warnings.length > 0;
  if (differences.length === 0) return told ? "false alarm" : "silent";
  if (findings.length > 0) return "found";
  if (told) return "told";
  const named = (coverage?.notLookedAt ?? []).map(({ table }) => table);
  return differences.every(({ subject }) => subject !== undefined && named.includes(subject)) ? "named" : "missed";
}

export const disagrees = (outcome: Outcome) => outcome === "missed" || outcome === "false alarm" || outcome === "failed";

export function tally(entries: readonly Entry[]): Pick<Figures, "objects" | "noops"> {
  const count = (some: readonly Entry[]) => {
    const outcomes: Partial<Record<Outcome, number>> = {};
    for (const { outcome } of some) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return outcomes;
  };
  const objects = [...new Set(entries.map(({ object }) => object))].sort();
  return {
    objects: Object.fromEntries(objects.map((name) => [name, count(entries.filter(({ object }) => object === name))])),
    noops: count(entries.filter(({ noop }) => noop)),
  };
}

/** Wilson's score interval of a share, 95 % (Wilson, 1927): it holds for few trials and for none found, too. */
export function wilson(hits: number, of: number): readonly [low: number, high: number] {
  if (of === 0) return [0, 1];
  const z = 1.959964;
  const share = hits / of;
  const middle = share + z ** 2 / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2));
  const below = 1 + z ** 2 / of;
  return [Math.max(0, (middle - half) / below), Math.min(1, (middle + half) / below)];
}

/** A table in Markdown: by kind of object, and all. */
export function renderFigures({ seed, server, kinds, dumped, note, objects, noops }: Figures): string {
  const sum = (outcome: Outcome) => Object.values(objects).reduce((total, counts) => total + (counts[outcome] ?? 0), 0);
  const all = Object.fromEntries((["found", "told", "named", "missed", "silent", "false alarm", "failed"] as const).map((outcome) => [outcome, sum(outcome)]));
  const made = Object.values(all).reduce((total, n) => total + n, 0);
  const alarms = noops["false alarm"] ?? 0;
  return `Seed ${seed}, PostgreSQL ${server}${dumped ? ", with pg_dump among the witnesses" : ", without pg_dump"}: ${made} changes, of ${kinds} kinds; ${all["failed"] ?? 0} ended with an error.
Of those meant to change nothing: ${share(alarms, alarms + (noops.silent ?? 0))} accused. In brackets: Wilson's interval, 95 %.${note === undefined ? "" : `\n${note}`}

| changed | told, of what the witnesses saw | missed | by a finding | by a warning or a doubt alone | as not looked at | false alarms, of what they saw nothing of |
|---|---|---|---|---|---|---|
${Object.entries(objects).map(([name, counts]) => line(name, counts)).join("\n")}
${line("**all**", all)}`;
}

function line(name: string, counts: Partial<Record<Outcome, number>>): string {
  const n = (outcome: Outcome) => counts[outcome] ?? 0;
  const told = n("found") + n("told") + n("named");
  const cells = [share(told, told + n("missed")), n("missed"), n("found"), n("told"), n("named"), share(n("false alarm"), n("false alarm") + n("silent"))];
  return `| ${name} | ${cells.join(" | ")} |`;
}

function share(hits: number, of: number): string {
  if (of === 0) return "-";
  const [low, high] = wilson(hits, of).map((part) => (part * 100).toFixed(1));
  return `${hits} of ${of} (${low} to ${high} %)`;
}
