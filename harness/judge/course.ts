// How far the migration came and how far it was undone: what a run has rehearsed at all, before anything of it is judged.

import type { Fault } from "../drill/fault.ts";
import { BESIDE_STEPS, keptSteps, type Plan } from "../drill/plan.ts";
import type { Rollback } from "../drill/schema.ts";
import type { Failure } from "../evidence/failure.ts";
import { explained, LASTING } from "./explained.ts";
import { eventsOf, type RunRecord } from "./run-record.ts";

export type CourseFailure = Failure & { readonly step: string | null; readonly direction: "forward" | "backward" };

export type MigrationCourse = {
  /** cut-off: stopped by a decision or for want of time. */
  readonly state: "completed" | "cut-off" | "failed" | "not-begun";
  readonly stepsBegun: number;
  readonly stepsDone: number;
  readonly steps: number;
  /** False when it came to its end, and nothing was different from before. */
  readonly changed?: boolean;
  readonly failure?: CourseFailure;
  /** What the drill itself declares, and the migration ended by; without it, nobody knows why it failed. */
  readonly explainedBy?: string;
};

export type WayBackCourse = {
  readonly strategy: string;
  readonly state: "completed" | "failed" | "not-taken";
  readonly stepsUndone: number;
  /** Why it had nothing to undo, or undid nothing, though it came to its end. */
  readonly idle?: string;
  readonly failure?: CourseFailure;
};

/** The migration's course, from the events of its steps. */
export function migrationCourse(record: RunRecord): MigrationCourse {
  const events = eventsOf(record, "migration");
  const ended = events.find(({ state }) => state !== "started");
  const until = ended?.t ?? Infinity;
  const forward = stepsOf(record, "forward").filter(({ t }) => t <= until);
  const done = new Set(forward.filter(({ state }) => state === "done" || state === "skipped").map(({ step }) => step));
  const begun = new Set(forward.map(({ step }) => step));
  const base = { stepsBegun: begun.size, stepsDone: done.size, steps: Math.max(stepCount(record), begun.size) };
  if (!events.some(({ state }) => state === "started") || !ended) return { ...base, state: "not-begun" };
  if (ended.state === "completed") return { ...base, state: "completed", ...(ended.changed !== undefined && { changed: ended.changed || forgets(record) }) };
  const failed = forward.findLast(({ state }) => state === "failed");
  const failure: CourseFailure = { step: failed?.step ?? null, direction: "forward", message: ended.detail ?? "no detail", ...(failed?.error ?? ended.error ?? {}) };
  const explainedBy = explained(record, ended, failure);
  return { ...base, state: ended.cut === undefined ? "failed" : "cut-off", failure, ...(explainedBy === undefined ? {} : { explainedBy }) };
}

/** The way back's course. */
export function wayBackCourse(record: RunRecord): WayBackCourse {
  const { strategy } = record.header.drill.rollback;
  const backward = stepsOf(record, "backward");
  const stepsUndone = new Set(backward.filter(({ state }) => state === "done").map(({ step }) => step)).size;
  const last = eventsOf(record, "rollback").findLast(({ state }) => state === "completed" || state === "failed");
  if (last?.state === "completed") return { strategy, state: "completed", stepsUndone, ...idle(record, stepsUndone) };
  if (last?.state !== "failed") return { strategy, state: "not-taken", stepsUndone };
  const failed = stepsOf(record, strategy === "resume" ? "forward" : "backward").findLast(({ state, t }) => state === "failed" && t <= last.t);
  // Something may have gone wrong around the steps, after one of them had failed and been repeated: then it is that.
  const here = failed?.detail !== undefined && (last.detail ?? "").includes(failed.detail) ? failed : undefined;
  return { strategy, state: "failed", stepsUndone, failure: { step: here?.step ?? null, direction: "backward", message: last.detail ?? "no detail", ...(here?.error ?? last.error ?? {}) } };
}

/** What each way back must have done, for anything to be said of it; the plan's own steps count for those that run its statements. */
function idle(record: RunRecord, stepsUndone: number): Pick<WayBackCourse, "idle"> {
  const { rollback, migration } = record.header.drill;
  const started = eventsOf(record, "rollback").find(({ state }) => state === "started")?.t ?? 0;
  const since = (kind: "backup" | "replication" | "volume" | "flag", state: string) => eventsOf(record, kind).some((event) => event.state === state && event.t >= started);
  const forward = stepsOf(record, "forward");
  const done = new Set(forward.filter(({ state, t }) => state === "done" && t < started).map(({ step }) => step));
  const told = (why: string | false): Pick<WayBackCourse, "idle"> => (why === false ? {} : { idle: why });
  // What was done may be gone with the disk's contents, and its journal as well: then nothing is left to undo.
  const forgotten = forgets(record);
  switch (rollback.strategy) {
    case "down": {
      const kept = new Set(keptIn(record, rollback));
      return told([...done].some((step) => !kept.has(step)) && stepsUndone === 0 && !forgotten && "the way back had nothing to undo");
    }
    case "coordinated": return told(done.size > 0 && stepsUndone === 0 && !forgotten && "the way back had nothing to undo");
    case "flag": return told(stepsUndone === 0 && "the flag was never on, so that turning it off undid nothing");
    case "resume": return told(!forward.some(({ state, t }) => state === "done" && t >= started) && "there was nothing left to complete");
    case "snapshot": case "pitr": return told(!since("backup", "restored") && "the way back restored nothing");
    case "failover": return told(!since("replication", "promoted") && "no replica was promoted");
    case "switch-back": {
      if (eventsOf(record, "replication").some(({ state }) => state === "switched")) return told(!since("replication", "switched-back") && "clients were not led back");
      const began = forward.some(({ step, state }) => step === BESIDE_STEPS.follow && state === "done") || eventsOf(record, "progress").some(({ step, share }) => step === BESIDE_STEPS.follow && share > 0);
      return told(!began && "the second server never began to follow the first");
    }
    case "volume-back": return told(migration.volumeSwap !== undefined && eventsOf(record, "volume").some(({ state }) => state === "swapped") && !since("volume", "swapped-back") && "the server stayed on its new volume");
  }
}

/** A fault struck that takes back what was done, with the disk's contents. */
const forgets = (record: RunRecord): boolean => eventsOf(record, "fault").some(({ index, state }) => state === "triggered" && LASTING.has(record.header.drill.faults[index]?.kind as Fault["kind"]));

/** Steps that stay after a partial way back. */
function keptIn({ header }: RunRecord, rollback: Extract<Rollback, { strategy: "down" }>): readonly string[] {
  const plan = header.plan as Plan | undefined;
  return plan?.steps === undefined ? [] : keptSteps(plan, rollback).map(({ id }) => id);
}

/**
 * Why nothing, or too little, was rehearsed for any objective to be met; undefined when the drill's question was asked. A failure that the
 * drill declares (a fault, an alert, a deadline, a step that may fail) is what it is about. Without one, the way back that was taken is not
 * that of the migration which production will see.
 */
export function unrehearsed(migration: MigrationCourse, wayBack: WayBackCourse): string | undefined {
  const { state, stepsBegun, stepsDone, steps, failure, explainedBy } = migration;
  if (state === "not-begun") return "the migration was never begun, so nothing was rehearsed";
  if (failure && stepsBegun === 0) return `${failureWords(failure)}: the migration came to no step, and nothing was rehearsed`;
  if (failure && explainedBy === undefined) {
    const undone = stepsDone === 0 ? "no step was done and nothing was rehearsed" : `${stepsDone} of ${steps} steps were done`;
    return `the migration failed by itself ${failureWords(failure)}: ${undone}; no fault, alert or deadline explains it`;
  }
  if (state === "completed" && stepsDone === 0) return "the migration came to its end without doing any step, so nothing was rehearsed";
  if (state === "completed" && migration.changed === false) return "the migration came to its end and changed nothing: it wrote no row, and the catalogue is as it was before it, so nothing was rehearsed";
  return wayBack.idle && `${wayBack.idle}, though ${stepsDone} of ${steps} steps were done`;
}

/** "at step add-column: 42P01 relation "x" does not exist (table shop.orders)": an error as one sentence's end. */
export function failureWords({ step, code, message, schema, table, constraint }: CourseFailure): string {
  const object = table === undefined ? (schema === undefined ? undefined : `schema ${schema}`) : `table ${schema === undefined ? "" : `${schema}.`}${table}`;
  const named = [object, constraint === undefined ? undefined : `constraint ${constraint}`].filter((part) => part !== undefined).join(", ");
  return `${step === null ? "" : `at step ${step}: `}${code === undefined ? "" : `${code} `}${message}${named === "" ? "" : ` (${named})`}`;
}

const stepsOf = (record: RunRecord, direction: "forward" | "backward") => eventsOf(record, "step").filter((event) => event.direction === direction);

function stepCount({ header: { plan, drill } }: RunRecord): number {
  const steps = (plan as { readonly steps?: readonly unknown[] } | undefined)?.steps?.length ?? 0;
  return steps + (drill.migration.blueGreen ? 2 : 0) + (drill.migration.volumeSwap ? 1 : 0);
}
