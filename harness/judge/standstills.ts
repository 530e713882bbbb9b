// When the instruments themselves stood still: what they measured meanwhile says nothing of the system.

import type { Standstill } from "../base/standstill.ts";
import { eventsOf, type RunRecord } from "./run-record.ts";
import type { Samples } from "./samples.ts";
import type { Scorecard } from "./scorecard.ts";

type Instrument = "load" | "probes" | "harness";

/** When any of these stood still while there was load to be measured, without overlaps, in order. */
export function standstillsOf(record: RunRecord, instruments: readonly Instrument[] = ["load", "probes", "harness"]): Standstill[] {
  const stopped = eventsOf(record, "load").find(({ state }) => state === "stopping")?.t ?? Infinity;
  return union(eventsOf(record, "standstill").filter(({ of, from }) => instruments.includes(of) && from < stopped).map(({ from, t }) => ({ from, to: t })));
}

/** Without overlaps, in order. */
export function union(spans: readonly Standstill[]): Standstill[] {
  const merged: Standstill[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && span.from <= last.to) merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else merged.push(span);
  }
  return merged;
}

/** How long a scorecard's add up to. */
export function stoodStillMs(standstills: Scorecard["standstills"]): number {
  return standstills.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** How much of a time fell into them, in nanoseconds. */
export function stoodWithin(standstills: readonly Standstill[], fromNs: number, toNs: number): number {
  return standstills.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, toNs) - Math.max(from, fromNs)), 0);
}

/**
 * The operations as the clients would have seen them at best, had the load never stood still. What was due or under way
 * meanwhile, and without that time would have ended within the tolerance, counts as served. The time that it takes the
 * load to catch up counts, too: as long again as it stood still.
 *
 * The truth lies between what was seen and this. Example: a load that stands still for 3 s drops what was due in the
 * first of them, having lost its patience with nobody but itself.
 */
export function withoutStandstills(samples: Samples, maxLatencyMs: number, standstills: readonly Standstill[]): Samples {
  const spans = union(standstills.map(({ from, to }) => ({ from, to: to + (to - from) })));
  return samples.servedWhere((due, end) => {
    const stood = stoodWithin(spans, due, end);
    return stood > 0 && end - due - stood <= maxLatencyMs * 1e6;
  });
}
