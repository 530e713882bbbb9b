// Objectives against measures: met, missed or unknown, and why.

import type { Drill, ObjectiveName } from "../drill/schema.ts";
import { detectionOf, type Alert } from "./detection.ts";
import { apart } from "./harms.ts";
import type { RunIsolation } from "./isolation/findings.ts";
import type { OwnService } from "./own-service.ts";
import type { Coverage, Finding, JourneyResult, Measured, Measures, ObjectiveResult, Verdict } from "./scorecard.ts";
import { unaccountedFor } from "./unaccounted.ts";
import { unasked } from "./unasked.ts";

/** Missed outranks unknown, unknown outranks met: an empty list knows nothing. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("missed")) return "missed";
  return verdicts.length === 0 || verdicts.includes("unknown") ? "unknown" : "met";
}

export type Judged = {
  readonly measures: Measures;
  /** Operations that write, and of which clients were not told that they failed. */
  readonly acknowledgedWrites: number;
  /** How the way back ended, or that it was decided against; undefined when nothing raised the question. */
  readonly wayBack: "completed" | "failed" | "refused" | undefined;
  readonly wayBackDetail: string;
  /** What the loss window ends at, if anything struck or went back. */
  readonly lossBefore: "the fault" | "the way back" | undefined;
  readonly structure: readonly Finding[] | undefined;
  /** Whether the way back ends elsewhere than where the migration began. */
  readonly endsElsewhere: boolean;
  readonly integrity: readonly Finding[] | undefined;
  readonly service: OwnService;
  readonly detector: Pick<Drill["detector"], "windowMs">;
  readonly alerts: readonly Alert[];
  /** When clients were last looked at, in milliseconds of the run. */
  readonly observedMs: number;
  readonly invariants: readonly Finding[] | undefined;
  readonly reconciled: readonly Finding[] | undefined;
  /** Operations that were due since the migration began, and how many are due in a second. */
  readonly due: number;
  readonly perSecond: number;
  /** Changes of what no entity reads. */
  readonly unread: readonly Finding[];
  /** Undefined where nothing is known of unread data. */
  readonly coverage: Pick<Coverage, "unaccounted"> | undefined;
  readonly isolation: RunIsolation | undefined;
  readonly journeys: readonly JourneyResult[] | undefined;
  /** How a part of the harness died that clients, load or probes need, if one did. */
  readonly died: string | undefined;
  /** Why journeys are not known. */
  readonly journeysDetail: string | undefined;
};

type Draft = Omit<ObjectiveResult, "name" | "title">;

const count = (value: number | null): Measured => ({ value, plusMinus: 0, unit: "count" });

/**
 * A time against its bound. The measured interval must lie on one side: where the bound falls
 * within the uncertainty, nobody knows. A time that was still running when the observation
 * ended is missed once it is past the bound, and unknown before.
 */
export function judgeTime(measured: Measured, maxMs: number, absent: string): Draft {
  const base = { target: { maxMs }, measured, evidence: [] };
  const { value, plusMinus, atLeast } = measured;
  if (value === null) return { ...base, verdict: "unknown", reason: absent };
  const seen = `${atLeast ? "at least " : ""}${ms(value)}${plusMinus > 0 ? ` ± ${ms(plusMinus)}` : ""}`;
  if (value - plusMinus > maxMs) return { ...base, verdict: "missed", reason: `${seen}, over ${ms(maxMs)}` };
  if (atLeast) return { ...base, verdict: "unknown", reason: `${seen}: not over when the observation ended` };
  if (value + plusMinus > maxMs) return { ...base, verdict: "unknown", reason: `${seen}: the bound of ${ms(maxMs)} lies within the uncertainty` };
  return { ...base, verdict: "met", reason: value === 0 && plusMinus === 0 ? "no client impact seen" : `${seen}, within ${ms(maxMs)}` };
}

function judgeFindings(findings: readonly Finding[] | undefined, max: number, target: string, noun: readonly [one: string, many: string]): Draft {
  const base = { target: { [target]: max } };
  if (!findings) return { ...base, measured: count(null), evidence: [], verdict: "unknown", reason: "the facts after the way back are missing" };
  const evidence = [...new Set(findings.map(({ kind }) => kind))];
  const measured = count(findings.length);
  const named = findings.slice(0, 2).map(({ kind, subject }) => `${kind}: ${subject}`).join("; ");
  if (findings.filter(({ kind }) => kind !== "unchecked").length > max) {
    return { ...base, measured, evidence, verdict: "missed", reason: `${findings.length} ${noun[findings.length === 1 ? 0 : 1]}: ${named}${findings.length > 2 ? "; ..." : ""}` };
  }
  if (evidence.includes("unchecked")) return { ...base, measured, evidence, verdict: "unknown", reason: "a part could not be checked" };
  return { ...base, measured, evidence, verdict: "met", reason: findings.length === 0 ? `no ${noun[0]}` : `${findings.length} ${noun[findings.length === 1 ? 0 : 1]}, within ${max}` };
}

/** What nobody wrote can't be lost or bent, and proves nothing. */
const NO_WRITE = "no write of clients was acknowledged, so nothing could be lost or altered";

const LOSSES: ReadonlySet<string> = new Set(["write-lost", "write-possibly-lost"]);
/** So many of the findings' records are of rows that were there before, and that no client wrote. */
const rowsBefore = ({ reconciled = [] }: Judged, kinds: ReadonlySet<string>) => reconciled.reduce((sum, { kind, ofRowsBefore = 0 }) => sum + (kinds.has(kind) ? ofRowsBefore : 0), 0);

function judgeLoss(judged: Judged, target: NonNullable<Drill["objectives"]["loss"]>): Draft {
  const { lostWrites, lossWindowMs } = judged.measures;
  const base = { target: { ...target } as Record<string, number> };
  if (!lostWrites) return { ...base, measured: count(null), evidence: [], verdict: "unknown", reason: "the data could not be reconciled" };
  const measured = count(lostWrites.definite);
  const evidence = (judged.reconciled ?? []).map(({ kind }) => kind).filter((kind) => LOSSES.has(kind));
  const window = lossWindowMs.value ?? 0;
  if (lostWrites.definite > target.maxLostWrites || (target.maxLossWindowMs !== undefined && lostWrites.definite > 0 && window > target.maxLossWindowMs)) {
    return { ...base, measured, evidence, verdict: "missed", reason: `${lossInWords(lostWrites)} gone${whenLost(judged)}` };
  }
  if (lostWrites.possible > target.maxLostWrites) {
    return { ...base, measured, evidence, verdict: "unknown", reason: `up to ${apart(lostWrites.possible - rowsBefore(judged, LOSSES), rowsBefore(judged, LOSSES))} may be gone: only operations of unknown outcome explain them` };
  }
  if (judged.acknowledgedWrites === 0) return { ...base, measured, evidence, verdict: "unknown", reason: NO_WRITE };
  return { ...base, measured, evidence, verdict: "met", reason: lostWrites.definite === 0 ? "every acknowledged write is there" : `${lossInWords(lostWrites)} gone, within ${target.maxLostWrites}` };
}

function lossInWords({ definite, ofRowsBefore }: NonNullable<Measures["lostWrites"]>): string {
  return `${apart(definite - ofRowsBefore, ofRowsBefore)} ${definite === 1 ? "is" : "are"}`;
}

function whenLost({ lossBefore, measures: { lossWindowMs, lostWrites } }: Judged): string {
  const writes = (lostWrites?.definite ?? 0) - (lostWrites?.ofRowsBefore ?? 0);
  if (lossBefore === undefined || writes === 0) return ""; // nothing struck, and nothing went back
  if (lossWindowMs.value) return `, the oldest acknowledged ${ms(lossWindowMs.value)} before ${lossBefore}`;
  return `, ${writes === 1 ? "" : "all "}acknowledged since ${lossBefore === "the fault" ? "the fault struck" : "the way back began"}`;
}

function judgeConsistency(judged: Judged, target: NonNullable<Drill["objectives"]["consistency"]>): Draft {
  const { phantomWrites, duplicateWrites, alteredWrites, shedValues } = judged.measures;
  const base = { target: { ...target } };
  const parts = [
    ["phantom", phantomWrites, target.maxPhantomWrites], ["duplicate", duplicateWrites, target.maxDuplicateWrites],
    ["altered", alteredWrites, target.maxAlteredWrites], ["shed", shedValues, target.maxShedValues],
  ] as const;
  const { unread } = judged;
  const unreadKinds = [...new Set(unread.map(({ kind }) => kind))];
  const unreadReason = unread.slice(0, 2).map(({ subject, detail }) => `${subject}: ${detail}`).join("; ");
  if (parts.some(([, value]) => value === null)) {
    if (unread.length > 0) return { ...base, measured: count(null), evidence: unreadKinds, verdict: "missed", reason: unreadReason };
    return { ...base, measured: count(null), evidence: [], verdict: "unknown", reason: "the data could not be reconciled" };
  }
  const total = parts.reduce((sum, [, value]) => sum + (value ?? 0), unread.length);
  const over = parts.filter(([, value, max]) => (value ?? 0) > max);
  const evidence = [...(judged.reconciled ?? []).map(({ kind }) => kind).filter((kind) => !kind.startsWith("write-")), ...unreadKinds];
  if (over.length + unread.length > 0) {
    const ofBefore = (what: string) => rowsBefore(judged, new Set([`${what}-write`]));
    const reasons = over.map(([what, value]) => `${value} ${what} ${value === 1 ? "record" : "records"}${ofBefore(what) > 0 ? ` (${apart(0, ofBefore(what))}, and no client wrote)` : ""}`).join(", ");
    return { ...base, measured: count(total), evidence, verdict: "missed", reason: [reasons, unreadReason].filter(Boolean).join("; ") };
  }
  if (judged.acknowledgedWrites === 0) return { ...base, measured: count(total), evidence, verdict: "unknown", reason: NO_WRITE };
  return { ...base, measured: count(total), evidence, verdict: "met", reason: total === 0 ? "the data is what clients were told" : `${total} differences, within the targets` };
}

/**
 * Served of what was due, from the migration's start to the observation's end. A share depends on how long that is: 1 s of outage is 50 % of
 * two seconds, and 17 % of six. So where a run holds the load more briefly than its drill asks for, what it leaves out, once it is steady
 * again, counts as served, as the drill itself would have seen it.
 */
function judgeAvailability({ measures: { availability, operations, recoveryMs }, due, perSecond }: Judged, { min, steadyMs = 0 }: NonNullable<Drill["objectives"]["availability"]>): Draft {
  const base = { target: { min }, measured: availability, evidence: [] };
  if (availability.value === null) return { ...base, verdict: "unknown", reason: "no operation was due" };
  const beside = recoveryMs.atLeast ? 0 : (steadyMs * perSecond) / 1_000;
  const whole = { value: (availability.value * due + beside) / (due + beside), plusMinus: (availability.plusMinus * due) / (due + beside) };
  const shares = `${(availability.value * 100).toFixed(2)} % of the operations due since the migration began were served`;
  const reason = `${shares}${beside > 0 ? `, ${(whole.value * 100).toFixed(2)} % with the ${ms(steadyMs)} of steady service that the drill observes longer` : ""}; ${operations.dropped} were dropped`;
  if (whole.value >= min) return { ...base, verdict: "met", reason };
  // Where the load itself stood still, more may have been served than was seen.
  const unsure = whole.value + whole.plusMinus >= min;
  return { ...base, verdict: unsure ? "unknown" : "missed", reason: unsure ? `${reason}; as many as make ${(whole.plusMinus * 100).toFixed(2)} % may be the load's own doing` : reason };
}

function judgeIsolation({ isolation }: Judged, { model }: { readonly model: string }): Draft {
  const base = { target: { [model]: true } };
  if (!isolation) return { ...base, measured: count(null), evidence: [], verdict: "unknown", reason: "the workload made no list transactions" };
  const { result: { valid, reason, transactions: { ok }, weakestViolated }, findings } = isolation;
  const evidence = findings.map(({ kind }) => kind);
  const measured = count(valid === "unknown" ? null : findings.reduce((sum, finding) => sum + finding.count, 0));
  if (valid === "unknown") return { ...base, measured, evidence, verdict: "unknown", reason: reason ?? "" };
  if (valid) return { ...base, measured, evidence, verdict: "met", reason: `${ok.toLocaleString("en-US")} committed transactions keep ${model}` };
  return { ...base, measured, evidence, verdict: "missed", reason: `${evidence.map((kind) => kind.replace("isolation-", "")).join(", ")}: the weakest model violated is ${weakestViolated.join(", ")}` };
}

/** A journey that failed is a fact; one that could not be made leaves the rest in doubt. */
function judgeJourneys({ journeys = [], journeysDetail }: Judged, { maxFailed }: { readonly maxFailed: number }): Draft {
  const base = { target: { maxFailed } };
  const failed = journeys.filter(({ state }) => state === "failed");
  const unknown = journeys.filter(({ state }) => state === "unknown");
  const evidence = failed.length > 0 ? ["journey-failed"] : [];
  const versions = [...new Set(journeys.map(({ version }) => version))].join(", ");
  const named = [...new Set(failed.map(({ name }) => name))];
  if (failed.length > maxFailed) return { ...base, measured: count(failed.length), evidence, verdict: "missed", reason: `${failed.length} of ${journeys.length} failed: ${named.slice(0, 2).join("; ")}${named.length > 2 ? "; ..." : ""}` };
  if (journeys.length === 0 || unknown.length > 0) return { ...base, measured: count(null), evidence, verdict: "unknown", reason: journeysDetail ?? "no journey was made" };
  return { ...base, measured: count(failed.length), evidence, verdict: "met", reason: failed.length === 0 ? `all ${journeys.length} work, at ${versions}` : `${failed.length} of ${journeys.length} failed, within ${maxFailed}` };
}

/** What a machine that stands still makes longer or lets fail. */
export const OF_TIME: ReadonlySet<string> = new Set(["recovery", "detection", "rollback", "availability"]);
/** What a part of the harness that dies takes from clients and from the way back; what is lost or altered, it doesn't make. */
const OF_SERVICE: ReadonlySet<string> = new Set([...OF_TIME, "completion", "service"]);

/** What can't be met while the system is still migrated. */
const ASKS_FOR_THE_WAY_BACK: ReadonlySet<string> = new Set(["recovery", "consistency"]);
const STILL_MIGRATED = "not applicable: the system did not come back, so this says nothing about coming back";

/**
 * Always an objective, declared or not: a drill stays not green while clients are refused what they were served before. What it
 * compares is argued at compareService.
 */
function judgeService({ service: { compared, applies, why, findings } }: Judged): Draft {
  const base = { target: { maxWorse: 0 }, evidence: [...new Set(findings.map(({ kind }) => kind))] };
  if (findings.length > 0) return { ...base, measured: count(findings.length), verdict: "missed", reason: listed(findings, ["operation or cause is worse than before", "are worse than before"]) };
  if (!applies) return { ...base, measured: count(null), verdict: "unknown", applies: false, reason: `not applicable: ${why}` };
  if (!compared) return { ...base, measured: count(null), verdict: "unknown", reason: why };
  const few = compared.of - compared.operations;
  const rare = few === 0 ? "" : `; ${few} of ${compared.of} ${few === 1 ? "was" : "were"} due too rarely to tell`;
  const note = few === 0 ? {} : { note: `${few} of ${compared.of} ${compared.of === 1 ? "operation" : "operations"} too rare to tell` };
  return { ...base, ...note, measured: count(0), verdict: "met", reason: few === compared.of ? `nothing is worse that could be compared${rare}` : `${compared.operations === compared.of ? "each operation" : `${compared.operations} of ${compared.of} operations`} as before the migration${rare}` };
}

function listed(findings: readonly Finding[], [one, more]: readonly [one: string, many: string]): string {
  const named = findings.slice(0, 2).map(({ subject, detail }) => `${subject}: ${detail}`).join("; ");
  return `${findings.length} ${findings.length === 1 ? one : more}: ${named}${findings.length > 2 ? "; ..." : ""}`;
}

/** No impact owes no alert, nor does one that was over before the bound: detection.ts. */
function judgeDetection({ measures, alerts, detector, observedMs }: Judged, { maxMs }: { readonly maxMs: number }): Draft {
  const base = { target: { maxMs }, measured: measures.detectionMs, evidence: [] };
  if (measures.recoveryMs.value === null) return { ...base, verdict: "unknown", reason: "no operation was due" };
  const { slowest, owed, undetectedMs, betweenMs, longestMs } = detectionOf(measures.episodes, alerts, detector, maxMs, observedMs);
  const { plusMinus } = measures.recoveryMs;
  if (undetectedMs.length > 0) {
    const [longest = 0] = undetectedMs;
    const unsure = longest - plusMinus <= Math.max(maxMs, detector.windowMs);
    return { ...base, verdict: unsure ? "unknown" : "missed", reason: `an impact of ${ms(longest)}${unsure ? ` ± ${ms(plusMinus)}` : ""} was never detected; an alert is owed within ${ms(maxMs)}` };
  }
  if (betweenMs.length > 0) return { ...base, verdict: "unknown", reason: `an impact of ${ms(Math.max(...betweenMs))} was not detected: longer than the bound of ${ms(maxMs)}, and shorter than the detector's own window of ${ms(detector.windowMs)}` };
  if (owed > 0) return judgeTime({ value: slowest, plusMinus, unit: "ms" }, maxMs, "the detector never fired");
  if (longestMs === 0) return { ...base, verdict: "met", reason: "no client impact, so no alert was owed" };
  return { ...base, verdict: "met", reason: `the longest impact lasted ${ms(longestMs)}, under the bound of ${ms(maxMs)}: no alert was owed` };
}

/** The way back is always an objective, declared or not: a retreat that fails can't be green. */
function judgeWayBack({ wayBack, wayBackDetail }: Judged): Draft {
  const base = { target: { completed: true }, evidence: [] };
  if (wayBack === "completed") return { ...base, measured: count(1), verdict: "met", reason: wayBackDetail };
  if (wayBack === "refused") return { ...base, measured: count(null), verdict: "missed", reason: wayBackDetail };
  if (wayBack === "failed") return { ...base, measured: count(0), verdict: "missed", reason: wayBackDetail };
  return { ...base, measured: count(null), verdict: "unknown", reason: wayBackDetail };
}

const TITLES: Readonly<Record<ObjectiveName | "completion" | "service", string>> = {
  completion: "The way back completes", service: "Served as before", recovery: "Recovery time (RTO)", detection: "Detection time", rollback: "Rollback time",
  availability: "Availability", loss: "Lost writes (RPO)", consistency: "Consistency of data", structure: "Schema restored",
  integrity: "Integrity", invariants: "The system's own rules", isolation: "Isolation of transactions", journeys: "People's journeys",
};

type Judges = { readonly [K in ObjectiveName]: (judged: Judged, target: NonNullable<Drill["objectives"][K]>) => Draft };

const JUDGES: Judges = {
  recovery: ({ measures }, { maxMs }) => judgeTime(measures.recoveryMs, maxMs, "no operation was due"),
  detection: judgeDetection,
  rollback: ({ measures }, { maxMs }) => judgeTime(measures.rollbackMs, maxMs, "the way back never came to its end"),
  availability: judgeAvailability,
  loss: judgeLoss,
  consistency: judgeConsistency,
  structure: ({ structure }, { maxDifferences }) => judgeFindings(structure, maxDifferences, "maxDifferences", ["difference", "differences"]),
  integrity: ({ integrity }, { maxProblems }) => judgeFindings(integrity, maxProblems, "maxProblems", ["problem", "problems"]),
  invariants: ({ invariants }, { maxViolated }) => judgeFindings(invariants, maxViolated, "maxViolated", ["broken rule", "broken rules"]),
  isolation: judgeIsolation,
  journeys: judgeJourneys,
};

/**
 * All objectives. With doubts about the run itself (an unproven fault, an abort), what would be
 * met is unknown; what is missed stays missed, since no doubt makes lost data come back. Only where a part of the harness died, which
 * lets operations and the way back fail by itself, nothing of that is held against the system.
 */
export function judgeObjectives(objectives: Drill["objectives"], judged: Judged, doubts: readonly string[]): ObjectiveResult[] {
  const names = (Object.keys(JUDGES) as ObjectiveName[]).filter((name) => objectives[name] !== undefined);
  const drafts: [ObjectiveName | "completion" | "service", Draft][] = [
    ["completion", judgeWayBack(judged)],
    ["service", judgeService(judged)],
    ...names.map((name): [ObjectiveName, Draft] => [name, (JUDGES[name] as (judged: Judged, target: unknown) => Draft)(judged, objectives[name])]),
  ];
  const results = drafts.map(([name, draft]): ObjectiveResult => {
    const result = { name, title: name === "structure" && judged.endsElsewhere ? "Schema as intended" : TITLES[name], ...draft };
    if (judged.wayBack !== "completed" && ASKS_FOR_THE_WAY_BACK.has(name) && result.verdict === "met") return { ...result, verdict: "unknown" as const, applies: false, reason: STILL_MIGRATED };
    if (judged.died !== undefined && OF_SERVICE.has(name) && result.verdict === "missed") return { ...result, verdict: "unknown" as const, reason: `${result.reason}; but ${judged.died}` };
    return doubts.length > 0 && result.verdict === "met"
      ? { ...result, verdict: "unknown" as const, reason: `${result.reason}; but ${doubts[0]}` } : result;
  });
  // Where something is missed or not known anyway, findings stand beside that.
  return overall(results) === "met" ? [...results, ...unasked(objectives, judged), ...(objectives.consistency && judged.coverage ? unaccountedFor(judged.coverage) : [])] : results;
}

/** Of all that apply. */
export function overall(results: readonly ObjectiveResult[]): Verdict {
  return worst(results.filter(({ applies = true }) => applies).map(({ verdict }) => verdict));
}

export function ms(value: number): string {
  return value >= 10_000 ? `${(value / 1_000).toFixed(1)} s` : value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
