// What clients went through: impact, recovery, outage, availability, latency, from the ledger alone.

import type { EvidenceDatabase } from "../evidence/database.ts";
import type { Drill } from "../drill/schema.ts";
import type { Standstill } from "../base/standstill.ts";
import type { Samples } from "./samples.ts";
import type { Bin, Episode, LatencyResult, Measured } from "./scorecard.ts";
import { stoodWithin, withoutStandstills } from "./standstills.ts";

export type Service = {
  readonly impactNs: number | null;
  readonly recovery: Measured;
  readonly unavailable: Measured;
  readonly availability: Measured;
  readonly episodes: readonly Episode[];
  /** How many operations were due since then. */
  readonly due: number;
};

type SteadyState = Drill["steadyState"];

/** Half a millisecond for two readings of one monotonic clock in two processes. */
const CLOCK_MS = 0.5;

/**
 * Impact and recovery.
 *
 * An operation is good when it was served within the latency tolerance, counted from when it
 * was due. Steady state holds over a window when no more than the tolerated share of the
 * operations due in it are bad. An episode begins at the first bad operation from whose due time
 * on steady state does not hold, and ends at the start of the first window in which it holds as
 * a whole; a single slow answer within the tolerance is no episode.
 *
 * Recovery is measured from the first episode's begin to the last one's end: a lull between an
 * outage and the rollback's own lock queue is no recovery. Example: killed at 2.0 s, back at
 * 3.5 s, 200 ms of blocked writes at 6.0 s: recovery takes 4.2 s, and availability tells how
 * little of that was down.
 *
 * Uncertainty. The system may have failed at any time between the last operation that went
 * well and the first that did not: the gap between arrivals, or the time that a failing one was
 * under way (no longer than a good one usually takes). Likewise at the end: it was back no earlier than the last bad
 * one was due, and no later than the first good one was served; what failed fast until then bounds how long that one
 * can have met a system still down. What is stated lies between these two, so that the wider of both sides holds the
 * error. Those of the two ends are independent, so they add in quadrature. Where the load stood still, what it did then may have been
 * its own doing: how much better the service was without all that is added.
 */
export function assessService(samples: Samples, steady: SteadyState, fromNs: number, standstills: readonly Standstill[] = []): Service {
  const seen = assess(samples, steady, fromNs);
  if (standstills.length === 0) return seen;
  const atBest = assess(withoutStandstills(samples, steady.maxLatencyMs, standstills), steady, fromNs);
  const between = (worse: Measured, better: Measured): Measured =>
    ({ ...worse, plusMinus: worse.plusMinus + Math.abs((worse.value ?? 0) - (better.value ?? 0)) });
  return { ...seen, recovery: between(seen.recovery, atBest.recovery), unavailable: between(seen.unavailable, atBest.unavailable), availability: between(seen.availability, atBest.availability) };
}

/**
 * The same, less sure by the time that the harness or its probes stood still during an impact while the load did not: who decides and
 * goes back late lengthens an outage that is not theirs. What fails meanwhile is taken to be spread evenly over the time.
 * @param all the standstills of every instrument, of which `load` has its own
 */
export function lessSure(service: Service, all: readonly Standstill[], load: readonly Standstill[], [fromNs, toNs]: readonly [number, number]): Service {
  const { impactNs, recovery, unavailable, availability, episodes } = service;
  const others = (from: number, to: number) => stoodWithin(all, from, to) - stoodWithin(load, from, to);
  const whole = impactNs === null ? 0 : others(impactNs, impactNs + (recovery.value ?? 0) * 1e6);
  const within = episodes.reduce((sum, { fromMs, toMs }) => sum + others(fromMs * 1e6, toMs === null ? toNs : toMs * 1e6), 0);
  const wider = (measured: Measured, by: number): Measured => (by > 0 && measured.value !== null ? { ...measured, plusMinus: measured.plusMinus + by } : measured);
  return { ...service, recovery: wider(recovery, whole / 1e6), unavailable: wider(unavailable, within / 1e6), availability: wider(availability, within / Math.max(1, toNs - fromNs)) };
}

function assess(samples: Samples, steady: SteadyState, fromNs: number): Service {
  const due = samples.between(fromNs);
  if (due.length === 0) {
    const unknown: Measured = { value: null, plusMinus: 0, unit: "ms" };
    return { impactNs: null, recovery: unknown, unavailable: unknown, availability: { value: null, plusMinus: 0, unit: "ratio" }, episodes: [], due: 0 };
  }
  const bad = badOnes(due, steady);
  const windows = steadyFrom(due, bad, steady);
  const episodes: EpisodeNs[] = [];
  let failed = 0;
  for (let i = 0; i < due.length; i++) if (!due.served(i)) failed += 1;
  for (let i = 0; i < due.length; i++) {
    if (!bad[i] || windows[i] !== BROKEN) continue;
    const begin = i;
    while (i < due.length && (bad[i] || windows[i] !== HOLDS)) i += 1;
    const end = i < due.length ? i : undefined;
    const usualNs = usualLatency(samples, steady, due.due(begin));
    const answeredNs = end === undefined ? undefined : firstLateAnswer(due, begin, end, usualNs);
    episodes.push({ fromNs: due.due(begin), toNs: answeredNs ?? (end === undefined ? null : due.due(end)), plusMinusMs: uncertainty(due, begin, end, usualNs, answeredNs !== undefined) });
  }
  const [first, last] = [episodes[0], episodes.at(-1)];
  return {
    impactNs: first?.fromNs ?? null,
    recovery: recoveryOf(first, last, due.due(due.length - 1)),
    unavailable: unavailableOf(due),
    availability: { value: (due.length - failed) / due.length, plusMinus: 0, unit: "ratio" },
    episodes: episodes.map(({ fromNs: from, toNs: to }) => ({ fromMs: from / 1e6, toMs: to === null ? null : to / 1e6 })),
    due: due.length,
  };
}

function isGood(samples: Samples, i: number, steady: SteadyState): boolean {
  return samples.served(i) && samples.latency(i) <= steady.maxLatencyMs * 1e6;
}

function badOnes(due: Samples, steady: SteadyState): Uint8Array {
  const bad = new Uint8Array(due.length);
  for (let i = 0; i < due.length; i++) bad[i] = isGood(due, i, steady) ? 0 : 1;
  return bad;
}

const [UNSEEN, HOLDS, BROKEN] = [0, 1, 2];

/** For each operation: does steady state hold over the window that begins when it was due? */
function steadyFrom(due: Samples, bad: Uint8Array, steady: SteadyState): Uint8Array {
  const windows = new Uint8Array(due.length);
  const windowNs = steady.windowMs * 1e6;
  const lastDue = due.due(due.length - 1);
  let end = 0;
  let badInside = 0;
  let usual = 0;
  for (let i = 0; i < due.length; i++) {
    for (; end < due.length && due.due(end) < due.due(i) + windowNs; end++) badInside += bad[end] ?? 0;
    const whole = due.due(i) + windowNs <= lastDue;
    if (whole) usual = end - i;
    // A window that the observation cut short was not seen to hold as a whole; and it is broken only if it were, too,
    // had everything else in it gone well: of the last operation alone, 0 % or 100 % are bad, which tells nothing.
    windows[i] = badInside / Math.max(end - i, usual) > steady.maxErrorRatio ? BROKEN : whole ? HOLDS : UNSEEN;
    badInside -= bad[i] ?? 0;
  }
  return windows;
}

/** The 95th percentile of good operations' latencies in the two seconds before, in nanoseconds. */
function usualLatency(samples: Samples, steady: SteadyState, beforeNs: number): number {
  const before = samples.between(beforeNs - 2e9, beforeNs);
  const good: number[] = [];
  for (let i = 0; i < before.length; i++) if (isGood(before, i, steady)) good.push(before.latency(i));
  good.sort((a, b) => a - b);
  return good[Math.floor(good.length * 0.95)] ?? 0;
}

/**
 * When those who had waited were answered, if the steady window's first operation had waited too. A
 * system that hangs and comes back answers at once what was due just before: within the
 * tolerance, though it was down when they were due. Example: hung from 2.0 s to 3.0 s with a
 * tolerance of 500 ms; what was due from 2.5 s on counts as good, and yet nobody had an answer
 * before 3.0 s. The first late answer tells.
 */
function firstLateAnswer(due: Samples, begin: number, window: number, usualNs: number): number | undefined {
  if (!(due.latency(window) > usualNs)) return undefined;
  let first: number | undefined;
  for (let i = begin; i < window; i++) if (due.served(i) && due.end(i) > due.due(window) && (first === undefined || due.end(i) < first)) first = due.end(i);
  return first === undefined ? undefined : Math.min(first, due.end(window));
}

/** Half-widths in milliseconds of what is known about an episode's two ends, in quadrature. */
function uncertainty(due: Samples, begin: number, end: number | undefined, usualNs: number, answered: boolean): number {
  const gapBefore = (i: number) => (i === 0 ? 0 : due.due(i) - due.due(i - 1));
  const orUsual = (latencyNs: number) => (Number.isNaN(latencyNs) ? usualNs : Math.min(latencyNs, usualNs));
  const atStart = Math.max(gapBefore(begin), orUsual(due.latency(begin)));
  // The late answer itself took no longer than a good one usually does.
  const atEnd = end === undefined ? 0 : answered ? Math.max(usualNs, CLOCK_MS * 1e6) : Math.max(gapBefore(end), Math.min(orUsual(due.latency(end)), failingTook(due, end)));
  return Math.hypot(atStart, atEnd) / 1e6 + CLOCK_MS;
}

/**
 * How long the last operations of an outage took to fail. Had the system still been down when
 * the first good one was due, that one would have failed as fast; so it was up by then.
 */
function failingTook(due: Samples, end: number): number {
  let longest = -Infinity;
  for (let i = Math.max(0, end - 3); i < end; i++) if (!due.served(i)) longest = Math.max(longest, Number.isNaN(due.end(i)) ? Infinity : due.latency(i));
  return longest === -Infinity ? Infinity : longest;
}

type EpisodeNs = { readonly fromNs: number; readonly toNs: number | null; readonly plusMinusMs: number };

function recoveryOf(first: EpisodeNs | undefined, last: EpisodeNs | undefined, observedNs: number): Measured {
  if (!first || !last) return { value: 0, plusMinus: 0, unit: "ms" };
  const plusMinus = first === last ? first.plusMinusMs : Math.hypot(first.plusMinusMs, last.plusMinusMs);
  if (last.toNs === null) return { value: (observedNs - first.fromNs) / 1e6, plusMinus, unit: "ms", atLeast: true };
  return { value: (last.toNs - first.fromNs) / 1e6, plusMinus, unit: "ms" };
}

/** Each operation that was not served stands for the time up to the next arrival. */
function unavailableOf(due: Samples): Measured {
  let totalNs = 0;
  let stretches = 0;
  let widest = 0;
  for (let i = 0; i + 1 < due.length; i++) {
    if (due.served(i)) continue;
    const gap = due.due(i + 1) - due.due(i);
    totalNs += gap;
    widest = Math.max(widest, gap);
    if (i === 0 || due.served(i - 1)) stretches += 1;
  }
  // Each stretch may begin and end anywhere between two arrivals.
  return { value: totalNs / 1e6, plusMinus: stretches === 0 ? 0 : Math.sqrt(stretches * 2) * (widest / 1e6) + CLOCK_MS, unit: "ms" };
}

/** Latency from the due time, of what was served, by period. */
export async function latencies(database: EvidenceDatabase, startNs: number, endNs: number): Promise<LatencyResult[]> {
  const results: LatencyResult[] = [];
  for (const [period, where] of [
    ["before", `intended < ${startNs}`], ["during", `intended between ${startNs} and ${endNs}`], ["after", `intended > ${endNs}`],
  ] as const) {
    const [row] = await database.rows(`select count(*)::double as n, quantile_disc(l, 0.5) as p50, quantile_disc(l, 0.99) as p99, max(l) as max
      from (select ("end" - intended) / 1e6 as l from operations where outcome = 'committed' and ${where})`);
    const ms = (key: string) => (typeof row?.[key] === "number" ? round(row[key]) : null);
    results.push({ period, operations: Number(row?.["n"] ?? 0), p50Ms: ms("p50"), p99Ms: ms("p99"), maxMs: ms("max") });
  }
  return results;
}

const MOST_BINS = 400;

/** Throughput and latency over time, in bins of a round width. */
export async function series(database: EvidenceDatabase): Promise<{ readonly binMs: number; readonly bins: readonly Bin[] }> {
  const [span] = await database.rows("select min(intended)::double / 1e6 as from_ms, max(intended)::double / 1e6 as to_ms from operations");
  if (typeof span?.["from_ms"] !== "number" || typeof span["to_ms"] !== "number") return { binMs: 100, bins: [] };
  const binMs = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000].find((width) => (Number(span["to_ms"]) - Number(span["from_ms"])) / width <= MOST_BINS) ?? 600_000;
  const rows = await database.rows(`select floor(intended / 1e6 / ${binMs}) * ${binMs} as bin_ms,
      (count(*) filter (outcome = 'committed'))::double as served, (count(*) filter (outcome <> 'committed'))::double as failed,
      quantile_disc(("end" - intended) / 1e6, 0.5) filter (outcome = 'committed') as p50, quantile_disc(("end" - intended) / 1e6, 0.99) filter (outcome = 'committed') as p99
    from operations group by bin_ms order by bin_ms`);
  const found = new Map(rows.map((row) => [Number(row["bin_ms"]), row]));
  const bins: Bin[] = [];
  const last = Math.floor(span["to_ms"] / binMs) * binMs;
  for (let at = Math.floor(span["from_ms"] / binMs) * binMs; at <= last; at += binMs) {
    const row = found.get(at);
    const ms = (key: string) => (typeof row?.[key] === "number" ? round(row[key]) : null);
    bins.push({ atMs: at, served: Number(row?.["served"] ?? 0), failed: Number(row?.["failed"] ?? 0), p50Ms: ms("p50"), p99Ms: ms("p99") });
  }
  return { binMs, bins };
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
