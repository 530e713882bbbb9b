// Refuses steps that end the transaction that they are run in: what they did before stays, and the journal doesn't know of it.

import pg from "pg";
import { HarnessError } from "../base/errors.ts";
import { statements, undoing, type Plan, type Step } from "../drill/plan.ts";
import { statementsOf } from "../topology/sql-file.ts";

/** As the first words of a statement. ROLLBACK TO goes back to a savepoint, and ends nothing. */
const ENDS = /^(?:begin|start transaction|commit|end|abort|prepare transaction|rollback(?! (?:(?:work|transaction) )?to\b))\b/;

type Where = { readonly plan: string; readonly step: string; readonly direction: string };

function refusal({ plan, step, direction }: Where, statement: string, how: string, cause?: unknown): HarnessError {
  const shown = statement.trim().replace(/\s+/g, " ");
  return new HarnessError({
    code: "step-ended-transaction", kind: "declaration", place: `plan ${plan}, step ${step}, ${direction}`,
    message: `plan ${plan}, step ${step}, ${direction}: ${how} the transaction that the step is run in: ${shown.length > 200 ? `${shown.slice(0, 200)}…` : shown}`,
    remedy: "leave the transaction to the step, or write `transactional: false` and a list of single statements that can be repeated", cause,
  });
}

/** @throws HarnessError `step-ended-transaction` for the first statement of a transactional step that begins or ends one */
export function refuseOwnTransactions({ name, steps }: Plan): void {
  for (const step of steps.filter(({ transactional }) => transactional)) {
    const { backward } = step;
    const back = typeof backward === "object" && "batches" in backward ? [backward.batches] : undoing(step) ?? [];
    for (const [direction, sql] of [["forward", statements(step.forward)], ["backward", back]] as const) {
      const ending = sql.flatMap(statementsOf).find(({ words }) => ENDS.test(words));
      if (ending) throw refusal({ plan: name, step: step.id, direction }, ending.sql, "this statement begins or ends");
    }
  }
}

/** The transaction that a step is run in, from its begin on. */
export class OwnTransaction {
  readonly #client: pg.Client;
  readonly #where: Where;
  #id: string | undefined;
  #last = "";

  constructor(client: pg.Client, plan: Plan, step: Step, direction: string) {
    this.#client = client;
    this.#where = { plan: plan.name, step: step.id, direction };
  }

  async begin(lockTimeoutMs: number): Promise<void> {
    await this.#client.query(`begin; set local lock_timeout = ${lockTimeoutMs}`);
    this.#id = await this.#current("pg_current_xact_id()");
  }

  /** After each statement, and so before the journal's row. @throws HarnessError `step-ended-transaction` */
  async after(statement: string): Promise<void> {
    this.#last = statement;
    if (await this.#current("pg_current_xact_id_if_assigned()") !== this.#id) throw refusal(this.#where, statement, "this statement, or what it calls, ended");
  }

  /**
   * What an error of a statement comes from: it, or that the transaction was over when it failed. One that failed as a whole answers
   * no question any more, and nor does a connection that is gone.
   */
  async explained(error: unknown, statement = this.#last): Promise<unknown> {
    if (!(error instanceof pg.DatabaseError) || this.#id === undefined) return error;
    // 2D000: invalid_transaction_termination, which a procedure is told that commits.
    if (error.code === "2D000") return refusal(this.#where, statement, "this statement, or what it calls, tries to end", error);
    const current = await this.#current("pg_current_xact_id_if_assigned()").catch(() => this.#id);
    return current === this.#id ? error : refusal(this.#where, statement, `this statement failed (${error.message}), and before had ended`, error);
  }

  async #current(asked: string): Promise<string | undefined> {
    return (await this.#client.query<{ id: string | null }>(`select ${asked}::text as id`)).rows[0]?.id ?? undefined;
  }
}
