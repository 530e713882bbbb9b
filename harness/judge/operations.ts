// Each operation before the migration and after the way back: how often it was served, what refused it, how long it took.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { literal } from "../evidence/duckdb.ts";
import type { Standstill } from "../base/standstill.ts";
import { eventsOf, type RunRecord } from "./run-record.ts";
import { union } from "./standstills.ts";
import { type Ranks, quantileRanks } from "./statistics.ts";

/** Periods on the run's clock, in nanoseconds. */
export type Periods = {
  /** Ends before the migration, or before a gate was closed for it. */
  readonly before: { readonly from: number; readonly to: number };
  /** From when the way back was through, faults were healed and clients were let in. */
  readonly after: { readonly from: number; readonly to: number };
  /** From when steady state was back on: what is compared. That it never was makes it the same as `after`. */
  readonly hold: { readonly from: number; readonly to: number };
};

/** What of one operation was due in one period. */
export type Served = {
  readonly due: number;
  readonly served: number;
  /** SQLSTATEs, or other codes, of those that were refused, the most frequent first. */
  readonly codes: readonly { readonly code: string; readonly n: number }[];
  /** In how many thirds of the period something was not served. */
  readonly failedThirds: number;
};

/** Undefined where there is nothing to be compared: no way back came to its end, or a fault was never healed. */
export function periodsOf(record: RunRecord, endOfImpactNs: number | null, observedTo: number | undefined): Periods | undefined {
  const migration = eventsOf(record, "migration").find(({ state }) => state === "started")?.t;
  const completed = eventsOf(record, "rollback").findLast(({ state }) => state === "completed")?.t;
  if (migration === undefined || completed === undefined) return undefined;
  const faults = eventsOf(record, "fault");
  const struck = faults.filter(({ state }) => state === "triggered" || state === "proven").map(({ index }) => index);
  const healed = faults.filter(({ state }) => state === "healed");
  if (struck.some((index) => !healed.some((fault) => fault.index === index))) return undefined;
  const traffic = eventsOf(record, "traffic");
  const closed = traffic.findLast(({ state }) => state === "closing")?.t;
  const opened = traffic.findLast(({ state }) => state === "open")?.t;
  if (closed !== undefined && (opened === undefined || opened < closed)) return undefined;
  const from = Math.max(completed, opened ?? 0, ...healed.map(({ t }) => t));
  const to = observedTo ?? record.events.at(-1)?.t ?? from;
  return {
    before: { from: 0, to: Math.min(migration, traffic[0]?.t ?? Infinity) },
    after: { from, to: Math.max(from, to) },
    hold: { from: Math.max(from, endOfImpactNs ?? 0), to: Math.max(from, to) },
  };
}

/** A condition in SQL: due in the period, and untouched by a standstill of the load and by the time it takes to catch up. */
export function within({ from, to }: { readonly from: number; readonly to: number }, standstills: readonly Standstill[]): string {
  const spans = standstills.map((stood) => `not (intended < ${stood.to + (stood.to - stood.from)} and coalesce("end", start, intended) > ${stood.from})`);
  return [`intended >= ${Math.round(from)}`, `intended < ${Math.round(to)}`, ...spans].join(" and ");
}

/** Each operation's name, with what was due of it. */
export async function servedBy(database: EvidenceDatabase, period: { readonly from: number; readonly to: number }, standstills: readonly Standstill[]): Promise<Map<string, Served>> {
  const third = Math.max(1, (period.to - period.from) / 3);
  const rows = await database.rows(`select op, outcome = 'committed' as ok, coalesce(nullif(code, ''), outcome) as code, least(2, floor((intended - ${Math.round(period.from)}) / ${third}))::double as third, count(*)::double as n
    from operations where ${within(period, standstills)} group by all order by all`);
  return new Map([...Map.groupBy(rows, ({ op }) => String(op))].map(([op, some]) => {
    const failed = some.filter(({ ok }) => ok !== true);
    const codes = [...Map.groupBy(failed, ({ code }) => String(code))].map(([code, of]) => ({ code, n: of.reduce((sum, { n }) => sum + Number(n), 0) })).toSorted((a, b) => b.n - a.n || (a.code < b.code ? -1 : 1));
    const due = some.reduce((sum, { n }) => sum + Number(n), 0);
    return [op, { due, served: due - codes.reduce((sum, { n }) => sum + n, 0), codes, failedThirds: new Set(failed.map((row) => row["third"])).size }];
  }));
}

/** A quantile in milliseconds, and between what it lies with 99.9 % of certainty. */
export type Quantile = { readonly at: number; readonly low: number; readonly high: number };

/** What waits at one moment waits for one thing: operations of so short a time count as one, or a stall of a third of a second were thirty proofs. */
const BLOCK_NS = 100e6;

/**
 * How long an operation took from its start, where it was served; undefined where there are too few to bound the quantile. The median is
 * one of blocks' medians, so that it is bounded by as many moments as there were. What lies in a tail has to be spread over time (`slowThroughout`).
 */
export async function latencyOf(database: EvidenceDatabase, op: string, period: { readonly from: number; readonly to: number }, standstills: readonly Standstill[], q: number): Promise<Quantile | undefined> {
  const where = `op = ${literal(op)} and outcome = 'committed' and ${within(period, standstills)}`;
  if (q !== 0.5) return quantileFrom(database, `select ("end" - start) / 1e6 as l from operations where ${where}`, q);
  return quantileFrom(database, `select quantile_disc(("end" - start) / 1e6, 0.5) as l from operations where ${where} group by floor(intended / ${BLOCK_NS})`, q);
}

/** In so much of the time, of that in which an operation was due, nothing held it up that also held up the probes. */
export async function shareLeft(database: EvidenceDatabase, op: string, period: { readonly from: number; readonly to: number }, standstills: readonly Standstill[]): Promise<number> {
  const [row] = await database.rows(`select (count(*) filter (${within(period, standstills)}))::double / greatest(1, count(*)) as share from operations where op = ${literal(op)} and ${within(period, [])}`);
  return Number(row?.["share"] ?? 0);
}

/** So long, beyond three times what is usual, a probe waits for nothing but the machine. */
const STALL_MS = 25;

/** When probes, which ask for next to nothing, waited as if for a machine that is busy: a slow plan doesn't hold them up. */
export async function stallsOfProbes(database: EvidenceDatabase, { before, hold }: Periods): Promise<Standstill[]> {
  const usual = await probeLatency(database, before);
  if (usual === undefined) return [];
  const waited = await database.rows(`select due::double as due, "end"::double as "end" from probes where ok and ("end" - due) / 1e6 > ${3 * usual + STALL_MS}
    and ((due >= ${Math.round(before.from)} and due < ${Math.round(before.to)}) or (due >= ${Math.round(hold.from)} and due < ${Math.round(hold.to)})) order by due`);
  return union(waited.map(({ due, end }) => ({ from: Number(due), to: Number(end) })));
}

/** The same of the probes: what they wait for is the machine and the server as such, and not a plan. */
export async function probeLatency(database: EvidenceDatabase, { from, to }: { readonly from: number; readonly to: number }): Promise<number | undefined> {
  const [row] = await database.rows(`select quantile_disc(("end" - due) / 1e6, 0.5)::double as p50, count(*)::double as n from probes where ok and due >= ${Math.round(from)} and due < ${Math.round(to)}`);
  return Number(row?.["n"] ?? 0) >= 5 ? Number(row?.["p50"]) : undefined;
}

async function quantileFrom(database: EvidenceDatabase, values: string, q: number): Promise<Quantile | undefined> {
  const [counted] = await database.rows(`select count(*)::double as n from (${values})`);
  const n = Number(counted?.["n"] ?? 0);
  const ranks: Ranks | undefined = n > 0 ? quantileRanks(n, q) : undefined;
  if (!ranks) return undefined;
  const share = (rank: number) => Math.min(1, (rank + 0.5) / n); // of which quantile_disc gives the value of this rank
  const [row] = await database.rows(`select quantile_disc(l, ${q})::double as at, quantile_disc(l, ${share(ranks.low)})::double as low, quantile_disc(l, ${share(ranks.high)})::double as high from (${values})`);
  return { at: Number(row?.["at"]), low: Number(row?.["low"]), high: Number(row?.["high"]) };
}

/** Whether an operation took longer than `ms` in every third of the period in which anything is left to be compared, and in two at least. */
export async function slowThroughout(database: EvidenceDatabase, op: string, period: { readonly from: number; readonly to: number }, standstills: readonly Standstill[], ms: number): Promise<boolean> {
  const third = Math.max(1, (period.to - period.from) / 3);
  const [row] = await database.rows(`select count(distinct third)::double as of, (count(distinct third) filter (slow))::double as slow
    from (select least(2, floor((intended - ${Math.round(period.from)}) / ${third})) as third, ("end" - start) / 1e6 > ${ms} as slow
      from operations where op = ${literal(op)} and outcome = 'committed' and ${within(period, standstills)})`);
  return Number(row?.["of"] ?? 0) >= 2 && row?.["of"] === row?.["slow"];
}
