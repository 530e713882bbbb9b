// The ways along the plan: `down`, its backward statements in reverse order, and `resume`, the rest of its forward ones.

import type pg from "pg";
import { pause } from "../base/deadline.ts";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import type { Rollback } from "../drill/schema.ts";
import { keptSteps } from "../drill/plan.ts";
import { runBackward, runForward, type RunnerContext } from "../migration/runner.ts";
import { withSessions } from "../migration/sessions.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

/** Errors that a repetition can't mend: it would only repeat the damage. */
const FINAL_CODES = new Set(["irreversible-step", "step-changed", "step-not-reached", "stage-broken", "flag-too-late", "plan-sql-invalid", "replication-stuck"]);
/** SQLSTATE classes of programming errors and violated constraints. */
const FINAL_CLASSES = new Set(["22", "23", "42", "2B"]);

type Down = Extract<Rollback, { strategy: "down" }>;

/** Undoes the plan, as a whole or in part, at once or chunk by chunk. */
export function down({ attempts, to, only, staged }: Pick<Down, "attempts" | "to" | "only" | "staged">, context: WayBackContext): WayBack {
  const keep = keptSteps(context.plan, { to, only });
  const between = async (signal: AbortSignal) => {
    if (!staged) return;
    await expectRules(context);
    await pause(staged.pauseMs, signal);
  };
  return onThePlan("down", attempts, context, (runner) => runBackward(runner, { keep, between: () => between(runner.signal) }));
}

/** Completes the migration from where it stopped: forward through the plan, and yet a way back, at whose points faults may strike. */
export function resume({ attempts }: Pick<Extract<Rollback, { strategy: "resume" }>, "attempts">, context: WayBackContext): WayBack {
  return onThePlan("resume", attempts, { ...context, reach: (_, point) => context.reach("backward", point) }, runForward);
}

/**
 * A new connection for each attempt. Each attempt reads the journal anew, so a step that is through is not repeated.
 * Throws the last error when the attempts are used up, or the first that can't be mended.
 */
export function onThePlan(strategy: Rollback["strategy"], attempts: number, { topology, plan, record, reach }: WayBackContext, work: (context: RunnerContext) => Promise<void>): WayBack {
  const once = (signal: AbortSignal) => withSessions(topology, "turnback-rollback", signal, (on) => work({ on, plan, application: topology.application, record, reach, signal }));
  return {
    prepare: () => Promise.resolve(),
    approach: () => Promise.resolve(),
    mark: () => Promise.resolve(),
    tidy: () => Promise.resolve(),
    goBack: (signal) => retrying(strategy, attempts, record, signal, () => once(signal)),
  };
}

/** Tries until it is through, with exponential backoff from 100 ms to 2 s. */
export async function retrying(strategy: Rollback["strategy"], attempts: number, record: WayBackContext["record"], signal: AbortSignal, once: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await once();
    } catch (error) {
      if (signal.aborted || attempt >= attempts || isFinal(error)) throw error;
      record({ kind: "rollback", state: "retried", strategy, detail: `attempt ${attempt} of ${attempts}: ${messageOf(error)}` });
      await pause(Math.min(2_000, 100 * 2 ** (attempt - 1)), signal);
    }
  }
}

/** Between two chunks the system's own rules must hold. @throws HarnessError `stage-broken`, which no repetition mends */
export async function expectRules({ topology, system }: WayBackContext): Promise<void> {
  const client = await topology.reader("stage");
  try {
    for (const { name, query } of system.invariants) {
      if ((await client.query({ text: `select from (${query}\n) violations limit 1`, queryMode: "extended" } as pg.QueryConfig)).rowCount === 0) continue;
      throw new HarnessError({ code: "stage-broken", kind: "run", place: name, message: `a rule of the system doesn't hold: ${name}`, remedy: "look at what breaks it, and go on from here: the journal knows where that is" });
    }
  } finally {
    await client.end();
  }
}

function isFinal(error: unknown): boolean {
  if (error instanceof HarnessError) return FINAL_CODES.has(error.code);
  const code = codeOf(error) ?? "";
  return code.length === 5 && FINAL_CLASSES.has(code.slice(0, 2));
}
