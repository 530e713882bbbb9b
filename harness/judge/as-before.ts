// Service compared with itself: is each operation served after the way back as it was before the migration?

import type { EvidenceDatabase } from "../evidence/database.ts";
import { literal } from "../evidence/duckdb.ts";
import type { Standstill } from "../base/standstill.ts";
import { latencyOf, type Periods, probeLatency, type Quantile, servedBy, type Served, shareLeft, slowThroughout, stallsOfProbes, within } from "./operations.ts";
import type { Compared, Consequence, Finding } from "./scorecard.ts";
import { union } from "./standstills.ts";
import { fisher } from "./statistics.ts";

/*
 * Each operation, by its name in the ledger, is compared with itself, and with nothing else: an operation that was refused before is no
 * finding because it is refused now.
 *
 * Refused. Served before, and not once since the way back was through, though it was due three times or more and others were served
 *   meanwhile: a finding, however rare the operation is. Four of four refused need no statistics.
 * Fails. Served less often: by 5 points of a hundred or more, improbable by chance (Fisher, p < 0.005), and in every third of the
 *   time, so that one bad moment is none.
 * New refusals. A SQLSTATE of the kinds that repeating doesn't mend, which this operation never met before: twice or more, p < 0.01. What
 *   stops by itself before steady state is back counts as well where it is about data, rights or a trigger, and comes five times or more: a
 *   sequence that is behind refuses until clients have used it up. What a server says that is away, starting or busy is of no such kind.
 * Slower. The whole interval of the median (or of the 95th percentile), taken with 99.9 % of certainty, lies over three times that of
 *   before, by 10 ms (50 ms) or more, in every third of the time. If the probes have become slower as well, then by as much more:
 *   they ask for nothing, so that what slows them is the machine. Moments in which they waited count for neither side, and where less than
 *   half of the time is left, nothing is said. Operations of one tenth of a second are one: what stalls one of them stalls them all.
 *
 * A machine that stood still, faults that were not healed yet and the time until steady state was back are left out.
 */

const REFUSED_LEAST = 3;
const SLOWER = { factor: 3, median: { q: 0.5, ms: 10 }, tail: { q: 0.95, ms: 50 } } as const;
/** As many are needed to say that it would have been due. */
const EXPECTED_LEAST = 5;

/** Classes of errors that come again when the same is tried again: data, integrity, syntax and access, triggers, features, internal errors. */
const LASTING = /^(0A|21|22|23|2B|2F|42|44|P0|XX|25006)/;
/** Of those, what no recovery brings along: an application that comes back later than its schema is judged by itself (application.ts). */
const NO_RECOVERY = /^(21|22|23|2B|2F|42501|44|P0|25006)/;
const PASSING_LEAST = 5;

export type AsBefore = {
  readonly findings: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** Operations that were compared, of those that there were before. */
  readonly compared: number;
  readonly of: number;
  /** Whether any operation at all was due after the way back. */
  readonly anyAfter: boolean;
};

/** @param standstills of the load, which then asks for nothing @param machine of whatever else measures: how long things take says nothing then */
export async function compareService(database: EvidenceDatabase, periods: Periods, standstills: readonly Standstill[], machine: readonly Standstill[] = []): Promise<AsBefore> {
  const stalls = union([...standstills, ...machine, ...(await stallsOfProbes(database, periods))]);
  const [before, after, hold] = [await servedBy(database, periods.before, standstills), await servedBy(database, periods.after, standstills), await servedBy(database, periods.hold, standstills)];
  const control = await machineFactor(database, periods);
  const findings: Finding[] = [];
  const warnings: Finding[] = [];
  let compared = 0;
  for (const [op, was] of [...before].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (was.served === 0) continue;
    const [since, is] = [after.get(op), hold.get(op)];
    const refused = since && (await refusedFinding(database, op, was, since, is, periods, standstills));
    if (since === undefined || since.due === 0) {
      warnings.push(...unseen(op, was, periods));
      continue;
    }
    if ((is?.due ?? 0) >= REFUSED_LEAST || refused) compared += 1;
    const found = refused ?? (is && (failsFinding(op, was, is, periods) ?? newRefusals(op, was, is, periods.hold))) ?? (await passingRefusals(database, op, was, since, is, periods, standstills))
      ?? (is && (await slowerFinding(database, op, periods, stalls, control)));
    if (found) findings.push(found);
  }
  return { findings, warnings, compared, of: [...before.values()].filter(({ served }) => served > 0).length, anyAfter: after.size > 0 };
}

const many = (n: number) => n.toLocaleString("en-US");
const codesOf = ({ codes }: Served) => codes.slice(0, 3).map(({ code, n }) => `${code} ${many(n)} ${n === 1 ? "time" : "times"}`).join(", ");
const queryOf = (op: string, { from }: { readonly from: number }) => `select seq, op, intended, start, "end", outcome, code from operations where op = ${literal(op)} and intended >= ${Math.round(from)} order by seq`;

/** Not once served since the way back was through. */
async function refusedFinding(database: EvidenceDatabase, op: string, was: Served, since: Served, is: Served | undefined, { after }: Periods, standstills: readonly Standstill[]): Promise<Finding | undefined> {
  if (since.served > 0 || since.due < REFUSED_LEAST || fisher(was.due - was.served, was.due, since.due, since.due) > 0.25) return undefined;
  if (!is || is.due === 0) {
    // Only due while service was not back: it counts where others were served at that time.
    const [row] = await database.rows(`with mine as (select min(intended) as a, max(intended) as b from operations where op = ${literal(op)} and ${within(after, standstills)})
      select count(*)::double as n, (count(*) filter (outcome = 'committed'))::double as served from operations, mine where op <> ${literal(op)} and intended between a and b`);
    if (!(Number(row?.["served"] ?? 0) * 2 > Number(row?.["n"] ?? 0))) return undefined;
  }
  return {
    kind: "operation-refused", subject: op, count: since.due, examples: since.codes.slice(0, 5), query: queryOf(op, after),
    detail: `not served ${many(since.due)} of ${many(since.due)} times after the way back (${codesOf(since)}); before the migration it was served ${many(was.served)} of ${many(was.due)} times`,
  };
}

function failsFinding(op: string, was: Served, is: Served, { hold }: Periods): Finding | undefined {
  const [shareWas, shareIs] = [was.served / was.due, is.served / is.due];
  if (is.failedThirds < 3 || shareWas - shareIs < 0.05 || fisher(was.due - was.served, was.due, is.due - is.served, is.due) > 0.005) return undefined;
  return {
    kind: "operation-fails", subject: op, count: is.due - is.served, examples: is.codes.slice(0, 5), query: queryOf(op, hold),
    detail: `served ${many(is.served)} of ${many(is.due)} times after the way back (${codesOf(is)}); before the migration ${many(was.served)} of ${many(was.due)}`,
  };
}

/** Refused since the way back was through, and served again before anybody called it normal: what counts is the time until the last of them. */
async function passingRefusals(database: EvidenceDatabase, op: string, was: Served, since: Served, is: Served | undefined, { after }: Periods, standstills: readonly Standstill[]): Promise<Finding | undefined> {
  const codes = since.codes.filter(({ code, n }) => NO_RECOVERY.test(code) && n >= PASSING_LEAST).map(({ code }) => literal(code));
  if (codes.length === 0) return undefined;
  const [row] = await database.rows(`select max(intended)::double as last from operations where op = ${literal(op)} and outcome = 'rejected' and code in (${codes.join(", ")}) and ${within(after, standstills)}`);
  const until = { from: after.from, to: Number(row?.["last"] ?? 0) + 1 };
  const then = (await servedBy(database, until, standstills)).get(op);
  const found = then && newRefusals(op, was, then, until, NO_RECOVERY, PASSING_LEAST);
  return found && { ...found, detail: `${found.detail}${(is?.served ?? 0) > 0 ? "; it is served again since, which nothing but clients' own attempts can have mended" : ""}` };
}

function newRefusals(op: string, was: Served, is: Served, period: Periods["hold"], codes = LASTING, least = 2): Finding | undefined {
  const known = new Set(was.codes.map(({ code }) => code));
  const fresh = is.codes.filter(({ code, n }) => codes.test(code) && !known.has(code) && n >= least && fisher(0, was.due, n, is.due) < 0.01);
  if (fresh.length === 0) return undefined;
  const count = fresh.reduce((sum, { n }) => sum + n, 0);
  return {
    kind: "operation-refused-anew", subject: op, count, examples: fresh.slice(0, 5), query: queryOf(op, period),
    detail: `refused ${many(count)} of ${many(is.due)} times after the way back for a reason that it never met before the migration (${codesOf({ ...is, codes: fresh })})`,
  };
}

/** By how much the probes have become slower; 1 where they haven't, or where nobody knows. */
async function machineFactor(database: EvidenceDatabase, { before, hold }: Periods): Promise<number> {
  const [was, is] = [await probeLatency(database, before), await probeLatency(database, hold)];
  return was === undefined || is === undefined || was <= 0 ? 1 : Math.max(1, is / was);
}

async function slowerFinding(database: EvidenceDatabase, op: string, { before, hold }: Periods, standstills: readonly Standstill[], control: number): Promise<Finding | undefined> {
  for (const period of [before, hold]) if ((await shareLeft(database, op, period, standstills)) < 0.5) return undefined;
  for (const [what, { q, ms }] of [["median", SLOWER.median], ["95th percentile", SLOWER.tail]] as const) {
    const [was, is] = [await latencyOf(database, op, before, standstills, q), await latencyOf(database, op, hold, standstills, q)];
    if (!was || !is) continue;
    const bound = Math.max(was.high * SLOWER.factor * control, was.high + ms);
    if (is.low <= bound || !(await slowThroughout(database, op, hold, standstills, bound))) continue;
    return {
      kind: "operation-slower", subject: op, count: 1, examples: [{ key: what, expected: span(was), held: span(is) } satisfies Compared], query: queryOf(op, hold),
      detail: `its ${what} was ${span(was)} before the migration, and is ${span(is)} after the way back: ${(is.at / was.at).toFixed(0)} times as long`,
    };
  }
  return undefined;
}

const figure = (ms: number) => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(1));
const span = ({ at, low, high }: Quantile) => `${figure(at)} ms (${figure(low)} to ${figure(high)})`;

/** Would have been due several times, and was not: nobody knows whether it would be served. */
function unseen(op: string, was: Served, { before, after }: Periods): Finding[] {
  const seconds = (period: { readonly from: number; readonly to: number }) => Math.max(0, period.to - period.from);
  const expected = (was.due / Math.max(1, seconds(before))) * seconds(after);
  if (expected < EXPECTED_LEAST) return [];
  return [{
    kind: "operation-not-seen", subject: op, count: 1, examples: [], query: queryOf(op, after),
    detail: `clients did it ${many(was.due)} times before the migration and not once after the way back: whether it would be served is not known`,
  }];
}

/** Puts operations that are refused with a code under the finding that says what the code comes of. */
export function underCauses(causes: readonly Finding[], findings: readonly Finding[]): Finding[] {
  const consequences = new Map<Finding, Consequence[]>();
  const own = findings.filter((finding) => {
    const codes = finding.kind.startsWith("operation-refused") ? finding.examples.map((example) => (example as { readonly code?: string }).code) : [];
    const cause = codes.length === 0 ? undefined : causes.find(({ subject }) => codes.every((code) => code === subject));
    if (cause) consequences.set(cause, [...(consequences.get(cause) ?? []), { kind: finding.kind, subject: finding.subject, detail: finding.detail }]);
    return cause === undefined;
  });
  return [...causes.map((cause) => {
    const mine = consequences.get(cause);
    return mine ? { ...cause, consequences: [...(cause.consequences ?? []), ...mine] } : cause;
  }), ...own];
}
