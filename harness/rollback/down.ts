// The way back `down`: the plan's backward statements, in reverse order, from what the journal says.

import { pause } from "../base/deadline.ts";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import type { Rollback } from "../drill/schema.ts";
import { runBackward } from "../migration/runner.ts";
import { connect } from "../topology/postgres.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

/** Errors that a repetition can't mend: it would only repeat the damage. */
const FINAL_CODES = new Set(["irreversible-step", "step-changed", "plan-sql-invalid"]);
/** SQLSTATE classes of programming errors and violated constraints. */
const FINAL_CLASSES = new Set(["22", "23", "42", "2B"]);

/**
 * Tries until it is through: a new connection for each attempt, with exponential backoff from
 * 100 ms to 2 s. Each attempt reads the journal anew, so a step that is undone is not repeated.
 * Throws the last error when the attempts are used up, or the first that can't be mended.
 */
export function down({ attempts }: Pick<Extract<Rollback, { strategy: "down" }>, "attempts">, { topology, plan, record, reach }: WayBackContext): WayBack {
  const once = async (signal: AbortSignal) => {
    const client = await connect(topology.access("migrator", "migration"), { name: "turnback-rollback", signal });
    try {
      await runBackward({ client, plan, record, reach, signal });
    } finally {
      await client.end().catch(() => undefined); // a cut connection can't be closed in good order
    }
  };
  return {
    prepare: () => Promise.resolve(),
    approach: () => Promise.resolve(),
    mark: () => Promise.resolve(),
    tidy: () => Promise.resolve(),
    goBack: async (signal) => {
      for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted();
        try {
          return await once(signal);
        } catch (error) {
          if (signal.aborted || attempt >= attempts || isFinal(error)) throw error;
          record({ kind: "rollback", state: "retried", strategy: "down", detail: `attempt ${attempt} of ${attempts}: ${messageOf(error)}` });
          await pause(Math.min(2_000, 100 * 2 ** (attempt - 1)), signal);
        }
      }
    },
  };
}

function isFinal(error: unknown): boolean {
  if (error instanceof HarnessError) return FINAL_CODES.has(error.code);
  const code = codeOf(error) ?? "";
  return code.length === 5 && FINAL_CLASSES.has(code.slice(0, 2));
}
