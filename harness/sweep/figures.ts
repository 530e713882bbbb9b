// What a sweep comes to in figures: coverage, how often the way back succeeds, and how long it takes.

import type { Tried } from "./sweep.ts";

export type Share = { readonly of: number; readonly part: number; readonly from: number; readonly to: number };
export type Quantiles = { readonly n: number; readonly p50: number; readonly p90: number; readonly max: number };

export type SweepFigures = {
  readonly coverage: { readonly tried: number; readonly of: number };
  readonly met: number; readonly missed: number; readonly unknown: number;
  /** Of the points that are known; with 95 % of certainty the true share lies in between. */
  readonly success: Share;
  /** Of the tries that repeated a point, those that came out like it: a measured rate of reproduction. */
  readonly repeated: Share;
  readonly recoveryMs: Quantiles | null;
  readonly lostWrites: Quantiles | null;
};

export function figuresOf(outcomes: readonly Tried[], of: number): SweepFigures {
  const count = (verdict: Tried["verdict"]) => outcomes.filter((outcome) => outcome.verdict === verdict).length;
  const [met, missed, unknown] = [count("met"), count("missed"), count("unknown")];
  return {
    coverage: { tried: outcomes.length, of }, met, missed, unknown,
    success: wilson(met, met + missed),
    repeated: wilson(sum(outcomes.map(({ alike }) => alike - 1)), sum(outcomes.map(({ tries }) => tries - 1))),
    recoveryMs: quantiles(outcomes.flatMap(({ recoveryMs }) => recoveryMs ?? [])),
    lostWrites: quantiles(outcomes.flatMap(({ lostWrites }) => lostWrites ?? [])),
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** The score interval at 95 % (E. B. Wilson, 1927), which stays sensible for few tries and shares near 0 or 1. */
export function wilson(part: number, of: number): Share {
  if (of === 0) return { of, part, from: 0, to: 1 };
  const z = 1.959964;
  const p = part / of;
  const centre = p + (z * z) / (2 * of);
  const half = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  const under = 1 + (z * z) / of;
  return { of, part, from: Math.max(0, (centre - half) / under), to: Math.min(1, (centre + half) / under) };
}

/** By nearest rank; null of nothing. */
export function quantiles(values: readonly number[]): Quantiles | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? null : { n: sorted.length, p50: at(0.5), p90: at(0.9), max: at(1) };
}
