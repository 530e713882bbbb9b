// The scorecard's form, version 1: what other programs read.

import type { MigrationCourse, WayBackCourse } from "./course.ts";
import type { FindingKind } from "./kinds.ts";

export type Verdict = "met" | "missed" | "unknown";

/** A figure with its uncertainty: the truth lies within value ± plusMinus in 95 % of runs. */
export type Measured = {
  /** Null when it could not be measured. */
  readonly value: number | null;
  readonly plusMinus: number;
  readonly unit: "ms" | "ratio" | "count";
  /** The observation ended first: the truth is at least this. */
  readonly atLeast?: boolean;
};

export type ObjectiveResult = {
  readonly name: string;
  readonly title: string;
  readonly target: Readonly<Record<string, number | boolean>>;
  readonly measured: Measured;
  readonly verdict: Verdict;
  /** False where it is not applicable, as recovery while the system is still migrated: it counts for nothing, and never as met. */
  readonly applies?: boolean;
  /** Why, in one sentence. */
  readonly reason: string;
  /** What the figure doesn't cover, to stand beside it; left out where it covers everything. */
  readonly note?: string;
  /** Kinds of the findings that it rests on. */
  readonly evidence: readonly string[];
};

/** What follows from a finding, and is not counted beside it: the columns of a table that is missing. */
export type Consequence = { readonly kind: FindingKind; readonly subject: string; readonly detail: string };

/** One value that is not as it should be; null stands for NULL, and what isn't there is said in words. */
export type Compared = { readonly key: string; readonly field?: string; readonly expected: string | null; readonly held: string | null };

export type Finding = {
  /** A stable name: `write-lost`, `trigger-missing`, `stale-sequence`. */
  readonly kind: FindingKind;
  readonly subject: string;
  readonly detail: string;
  readonly count: number;
  /** Of them, what was there before the drill and no client wrote: left out where there is none, and where it makes no difference. */
  readonly ofRowsBefore?: number;
  /** The fields or columns that it is about, where it is about values. */
  readonly fields?: readonly string[];
  /** Where values are compared, they have the form of Compared. */
  readonly examples: readonly unknown[];
  /** Shows the finding over the run directory: `turnback query RUN "..."`. */
  readonly query: string;
  /** All that follows from it, in the order of kinds and subjects; left out where nothing does. */
  readonly consequences?: readonly Consequence[];
};

export type FaultResult = {
  readonly kind: string; readonly target: string;
  readonly proven: boolean; readonly healed: boolean;
  readonly atMs: number | null; readonly healedMs: number | null;
  readonly proof: string;
};

/** How one of people's journeys went, at one of the application's versions. */
export type JourneyResult = {
  readonly name: string; readonly version: string; readonly state: "passed" | "failed" | "unknown"; readonly tookMs: number;
  readonly error?: string;
  /** Relative to the run directory. */
  readonly screenshot?: string; readonly trace?: string;
};

export type LatencyResult = {
  readonly period: "before" | "during" | "after";
  readonly operations: number;
  readonly p50Ms: number | null; readonly p99Ms: number | null; readonly maxMs: number | null;
};

export type Episode = { readonly fromMs: number; readonly toMs: number | null };

export type Measures = {
  readonly detectionMs: Measured;
  readonly decisionMs: Measured;
  readonly rollbackMs: Measured;
  readonly recoveryMs: Measured;
  readonly unavailableMs: Measured;
  readonly availability: Measured;
  readonly lossWindowMs: Measured;
  /** `ofRowsBefore`: so many of the definite ones are of rows that were there before the drill, and no client's write. */
  readonly lostWrites: { readonly definite: number; readonly possible: number; readonly ofRowsBefore: number } | null;
  readonly phantomWrites: number | null;
  readonly duplicateWrites: number | null;
  readonly alteredWrites: number | null;
  readonly shedValues: number | null;
  readonly structureDifferences: number | null;
  readonly integrityProblems: number | null;
  readonly invariantsViolated: number | null;
  /** Of data that no entity reads: changes that clients don't explain. Null where it was not looked at. */
  readonly unexplainedChanges: number | null;
  /** What the way back keeps beside the data: backups, and the WAL that they need. */
  readonly storageBytes: number;
  readonly operations: { readonly committed: number; readonly rejected: number; readonly indeterminate: number; readonly dropped: number };
  readonly latency: readonly LatencyResult[];
  readonly episodes: readonly Episode[];
  readonly probes: { readonly sent: number; readonly failed: number };
};

/** One interval of the run for the chart. Latencies are null where nothing was served. */
export type Bin = { readonly atMs: number; readonly served: number; readonly failed: number; readonly p50Ms: number | null; readonly p99Ms: number | null };

/** What happened when, for drawing over the chart. */
export type Span = { readonly lane: "phase" | "step" | "fault" | "rollback" | "alert" | "decision" | "gate" | "outage" | "standstill"; readonly label: string; readonly fromMs: number; readonly toMs: number };

/** What was looked at of the databases' columns, and what wasn't. */
/** No columns: the rows as such. */
export type Unaccounted = { readonly table: string; readonly columns: readonly string[]; readonly why: string };

export type Coverage = {
  readonly columns: { readonly all: number; readonly byEntities: number; readonly byChecksum: number };
  readonly tables: { readonly all: number; readonly byChecksum: number };
  readonly notLookedAt: readonly { readonly table: string; readonly reason: string }[];
  /** Tables that no entity reads and to which clients add rows: whether all of these are there, nobody knows. */
  readonly added?: readonly string[];
  /** What clients write and no entity reads, by table, without what the system's file excuses. */
  readonly unaccounted?: readonly Unaccounted[];
  /** Tables, or columns of them, that the system's file excuses from that. */
  readonly excused?: readonly { readonly table: string; readonly reason: string }[];
  /** All of it for people. */
  readonly sentence: string;
};

export type Scorecard = {
  readonly schema: "turnback.scorecard/1";
  readonly run: string;
  readonly drill: string;
  readonly question: string;
  readonly startedAt: string;
  readonly runtime: string;
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly verdict: Verdict;
  /** The answer to the question, in a sentence or two. */
  readonly summary: string;
  /** Of a missed run: what its leading cause means for people, and what to do about it. */
  readonly advice?: { readonly kind: string; readonly consequence: string; readonly advice: string };
  /** For trends: see score.ts. */
  readonly score: number;
  /** Why the run as a whole can't be trusted, if it can't: the harness's side, not the system's. */
  readonly doubts: readonly string[];
  /** How far the migration came, and the way back: what was rehearsed. */
  readonly migration: MigrationCourse;
  readonly wayBack: WayBackCourse;
  readonly objectives: readonly ObjectiveResult[];
  readonly measures: Measures;
  readonly faults: readonly FaultResult[];
  /** None where the drill asks for none, or where they could not be made. */
  readonly journeys: readonly JourneyResult[];
  readonly findings: readonly Finding[];
  /** Worth knowing, and counted by no objective. */
  readonly warnings: readonly Finding[];
  /** Left out where the facts say nothing of it. */
  readonly coverage?: Coverage;
  /** When the harness, the load or the probes were not run by their machine: what was measured then is the less sure. */
  readonly standstills: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly series: { readonly binMs: number; readonly bins: readonly Bin[] };
  readonly spans: readonly Span[];
};
