// The moments at which something may break, enumerated from a plan: so what a sweep covers is a number.

import { declarationError } from "../drill/parse.ts";
import { faultSchema, type Fault, type Trigger } from "../drill/fault.ts";
import { BESIDE_STEPS, endOf, statements, SWAP_STEP, undoing, WAY_STEPS, type Plan, type Step } from "../drill/plan.ts";
import { goingBackBy, type Drill, type Rollback } from "../drill/schema.ts";

export type Way = Rollback["strategy"];

/** A moment of a migration or of its way back, in the order in which they come. */
export type Moment = {
  readonly during: "migration" | "rollback";
  /** Null at the start of a way back that has no steps, and at a line of a server's log. */
  readonly step: string | null;
  /** For people: `before`, `40 %`, `after statement 1 of 2`. */
  readonly at: string;
  readonly trigger: Trigger;
  /** Between two steps, and not inside one. */
  readonly boundary: boolean;
};

/** What strikes, without its moment. */
export type FaultChoice = { readonly name: string; readonly fault: Fault };

/** One schedule: a fault at a moment, or the same at two, and a way back. */
export type Point = { readonly id: string; readonly way: Way; readonly fault: FaultChoice; readonly moments: readonly Moment[] };

/** How far apart the moments inside a backfill are. */
const PERCENT = 10;
/** When a statement may be in its midst; a shorter step waits for it with its journal. */
const SOON_MS = 25;
/** How long a fault holds: longer than what clients take for slow. A server that is down also has to start again. */
const HEAL_AFTER_MS = 700;
const STARTS_AFTER_MS = 300;
/** Warm-up, hold and the window of steady state are no longer than this: a point asks one question. */
const BRIEFLY_MS = 500;

/** Ways back that undo the plan's steps one by one, so that something may break between them. */
const ALONG_THE_PLAN = new Set<Way>(["down", "flag", "coordinated", "failover"]);
/** What PostgreSQL says when it begins to replay what a restore has put there. */
const REPLAYS = "starting (point-in-time|archive) recovery";

/** The moments of a drill's migration, and then of its way back. */
export function momentsOf(plan: Plan, { migration: { blueGreen, volumeSwap }, rollback }: Pick<Drill, "migration" | "rollback">): readonly Moment[] {
  const kept = new Set(endOf(plan, rollback).steps.map(({ id }) => id));
  const undone = plan.steps.toReversed().filter(({ id }) => !kept.has(id));
  const along = ALONG_THE_PLAN.has(rollback.strategy) && !("to" in rollback && rollback.to === "migration-start");
  const around = (step: string, during: Moment["during"], ...inside: readonly Moment[]) => [between(step, "before", during), ...inside, between(step, "after", during)];
  return [
    ...(blueGreen ? around(BESIDE_STEPS.follow, "migration") : volumeSwap ? around(SWAP_STEP, "migration") : []),
    ...plan.steps.flatMap((step) => momentsOfStep(step, "migration")),
    ...(blueGreen ? around(BESIDE_STEPS.switch, "migration") : []),
    ...momentsOfWay(rollback.strategy, around),
    ...(along ? undone.flatMap((step) => momentsOfStep(step, "rollback")) : []),
  ];
}

/** Those of what a way back does beside the plan's steps. */
function momentsOfWay(way: Way, around: (step: string, during: "rollback", ...inside: readonly Moment[]) => readonly Moment[]): readonly Moment[] {
  switch (way) {
    case "pitr": case "snapshot":
      return around(WAY_STEPS.restore, "rollback", { during: "rollback", step: null, at: "as the restored data is replayed", trigger: { logLine: REPLAYS, service: "postgres" }, boundary: false });
    case "failover": return around(WAY_STEPS.takeOver, "rollback");
    case "switch-back": return around(BESIDE_STEPS.switch, "rollback");
    case "volume-back": return around(SWAP_STEP, "rollback");
    case "resume": return [{ during: "rollback", step: null, at: "at its start", trigger: { afterMs: 0, during: "rollback" }, boundary: true }];
    case "down": case "flag": case "coordinated": return [];
  }
}

const between = (step: string, at: "before" | "after", during: Moment["during"]): Moment =>
  ({ during, step, at, trigger: at === "before" ? { before: step, during } : { after: step, during }, boundary: true });

/** @param taken forward also on a way back that completes the plan */
function momentsOfStep(step: Step, during: Moment["during"], taken: "forward" | "backward" = during === "migration" ? "forward" : "backward"): Moment[] {
  const { id } = step;
  const shares = sharesOf(step, taken);
  const inside = shares.map(({ share, at }): Moment => ({ during, step: id, at, trigger: { within: id, progress: share, during }, boundary: false }));
  const soon: Moment = { during, step: id, at: `${SOON_MS} ms after it began`, trigger: { within: id, afterMs: SOON_MS, during }, boundary: false };
  return [
    between(id, "before", during),
    ...(shares.length > 0 && !inBatches(step, taken) ? [soon] : []),
    ...inside,
    between(id, "after", during),
  ];
}

const inBatches = ({ kind, backward }: Step, taken: "forward" | "backward"): boolean => (taken === "forward" ? kind === "backfill" : typeof backward === "object" && "batches" in backward);

/** Where inside a step the runner stops and lets something strike: after each statement, and after batches. */
function sharesOf(step: Step, taken: "forward" | "backward"): { readonly share: number; readonly at: string }[] {
  if (inBatches(step, taken)) {
    if (step.size === undefined) return []; // how far it has come is not known then
    return Array.from({ length: 100 / PERCENT }, (_, i) => ({ share: ((i + 1) * PERCENT) / 100, at: `${(i + 1) * PERCENT} %` }));
  }
  const sql = step.kind === "deploy" ? [] : taken === "forward" ? statements(step.forward) : (undoing(step) ?? []);
  return sql.map((_, i) => ({
    share: (i + 1) / sql.length,
    at: i + 1 === sql.length ? "done, not yet in the journal" : `after statement ${i + 1} of ${sql.length}`,
  }));
}

/**
 * Every schedule there is: each fault at each moment of each way back, and with `pairs` also once more in the way back
 * from it, at a moment that it comes to.
 */
export function pointsOf(drill: Drill, plan: Plan, { faults, ways, pairs }: { readonly faults: readonly FaultChoice[]; readonly ways: readonly Way[]; readonly pairs: boolean }): readonly Point[] {
  return ways.flatMap((way) => {
    const moments = momentsOf(plan, goingBackBy(drill, way));
    const schedules = [...moments.map((moment) => [moment]), ...(pairs ? moments.flatMap((first) => secondsAfter(first, plan, way, moments).map((second) => [first, second])) : [])];
    return faults.flatMap((fault) => schedules.map((at): Point => ({ id: [way, fault.name, ...at.map(({ during, step, at: where }) => `${during} ${step ?? ""} ${where}`)].join(" / "), way, fault, moments: at })));
  });
}

/**
 * What the way back surely comes to when the first fault ends the migration: it undoes the steps that are in the journal by
 * then, or takes those that are not.
 */
function secondsAfter({ during, step, boundary, at }: Moment, plan: Plan, way: Way, moments: readonly Moment[]): readonly Moment[] {
  if (during === "rollback") return [];
  const index = plan.steps.findIndex(({ id }) => id === step);
  const struck = plan.steps[index];
  const begun = at === "after" || (!boundary && (struck?.kind === "backfill" || struck?.transactional === false));
  const journalled = new Set(plan.steps.slice(0, Math.max(0, begun ? index + 1 : index)).map(({ id }) => id));
  const own = new Set(plan.steps.map(({ id }) => id));
  const backward = moments.filter((second) => second.during === "rollback" && (second.step === null || !own.has(second.step) || journalled.has(second.step)));
  if (way !== "resume" || !struck) return backward;
  // How far a step that was struck inside has come is not sure, nor at which of its statements it goes on.
  const left = at === "after" ? [] : inBatches(struck, "forward") || !boundary ? [between(struck.id, "after", "rollback")] : momentsOfStep(struck, "rollback", "forward");
  return [...backward, ...left, ...plan.steps.slice(index + 1).flatMap((later) => momentsOfStep(later, "rollback", "forward"))];
}

/** The drill that asks a point's question: the declared one, struck at these moments alone, and back by this way. */
export function drillAt(declared: Drill, { way, fault, moments }: Point): Drill {
  const back = goingBackBy(declared, way);
  const { expect: _expected, learn: _learnt, sources: _told, ...drill } = back;
  const briefly = (ms: number) => Math.min(ms, BRIEFLY_MS);
  const { availability } = drill.objectives;
  const steadyMs = drill.load.holdMs - briefly(drill.load.holdMs) + (availability?.steadyMs ?? 0);
  return {
    ...drill, sources: [],
    faults: moments.map(({ trigger }) => ({ ...fault.fault, at: trigger })),
    rollback: { ...back.rollback, decide: { on: "completion", delayMs: 0 } },
    load: { ...drill.load, warmUpMs: briefly(drill.load.warmUpMs), holdMs: briefly(drill.load.holdMs) },
    steadyState: { ...drill.steadyState, windowMs: briefly(drill.steadyState.windowMs) },
    objectives: { ...drill.objectives, ...(availability && { availability: { ...availability, steadyMs } }) },
  };
}

/** A moment in words: `migration, before add-columns`, `rollback, backfill-names: 40 %`. */
export function momentInWords({ during, step, at }: Moment): string {
  return step === null ? `${during}, ${at}` : at === "before" || at === "after" ? `${during}, ${at} ${step}` : `${during}, ${step}: ${at}`;
}

/** A schedule in words: `kill migration, after add-columns, and again rollback, before add-columns`. */
export function scheduleInWords({ fault, moments }: Point): string {
  return moments.map((moment, i) => `${i === 0 ? fault.name : "and again"} ${momentInWords(moment)}`).join(", ");
}

/**
 * Reads `kill,pause,down@migration,own`; own are the drill's declared faults, as they are but for their moment.
 * @throws HarnessError for what is no fault, or needs to be told more
 */
export function parseFaults(list: string, drill: Drill): readonly FaultChoice[] {
  const names = list.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const choices = names.flatMap((name): readonly FaultChoice[] => {
    if (name === "own") return drill.faults.map((fault, i) => ({ name: `${fault.kind}, own ${i + 1}`, fault }));
    const [kind, on] = name.split("@");
    const parsed = faultSchema.safeParse({ kind, ...(on !== undefined && { on }), at: { afterMs: 0 }, healAfterMs: kind === "kill" || kind === "restart" ? STARTS_AFTER_MS : HEAL_AFTER_MS });
    if (!parsed.success) throw declarationError("--faults", `--faults: "${name}" is no fault that can be had without being told more`, "harness/reference.md lists the faults: kill; with whom it hits, down@migration; own, those that the drill declares");
    return [{ name, fault: parsed.data }];
  });
  if (choices.length === 0) throw declarationError("--faults", "--faults: no fault is named", "for example kill,pause,down@migration");
  return choices;
}
