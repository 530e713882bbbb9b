// The way back `down`: the plan's backward statements, in reverse order, from what the journal says.

import { pause } from "../base/deadline.ts";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import type pg from "pg";
import { runBackward, type RunnerContext } from "../migration/runner.ts";

export type WayBackContext = Omit<RunnerContext, "client"> & {
  readonly connect: () => Promise<pg.Client>;
  readonly attempts: number;
};

/** Errors that a repetition can't mend: it would only repeat the damage. */
const FINAL_CODES = new Set(["irreversible-step", "step-changed", "plan-sql-invalid"]);
/** SQLSTATE classes of programming errors and violated constraints. */
const FINAL_CLASSES = new Set(["22", "23", "42", "2B"]);

/**
 * Tries until it is through: a new connection for each attempt, with exponential backoff from
 * 100 ms to 2 s. Each attempt reads the journal anew, so a step that is undone is not repeated.
 * @throws the last error when the attempts are used up, or the first that can't be mended.
 */
export async function down(context: WayBackContext): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    context.signal.throwIfAborted();
    try {
      const client = await context.connect();
      try {
        return await runBackward({ ...context, client });
      } finally {
        await client.end().catch(() => undefined); // a cut connection can't be closed in good order
      }
    } catch (error) {
      if (context.signal.aborted || attempt >= context.attempts || isFinal(error)) throw error;
      context.record({ kind: "rollback", state: "retried", strategy: "down", detail: `attempt ${attempt} of ${context.attempts}: ${messageOf(error)}` });
      await pause(Math.min(2_000, 100 * 2 ** (attempt - 1)), context.signal);
    }
  }
}

function isFinal(error: unknown): boolean {
  if (error instanceof HarnessError) return FINAL_CODES.has(error.code);
  const code = codeOf(error) ?? "";
  return code.length === 5 && FINAL_CLASSES.has(code.slice(0, 2));
}
