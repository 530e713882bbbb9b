// The journal: what the migration has done, written in the database that it changes.

import type pg from "pg";
import { HarnessError } from "../base/errors.ts";
import type { Plan } from "../drill/plan.ts";
import { checksum } from "./plan-file.ts";

/**
 * `started`: forward work may have begun; a backfill's row also holds its cursor.
 * `done`: forward work is complete. `undoing`: backward work may have begun.
 * A step without a row was never begun, or is wholly undone.
 */
export type StepState = "started" | "done" | "undoing";
export type JournalRow = { readonly step: string; readonly state: StepState; readonly checksum: string; readonly cursor: string | null; readonly rows: number };

/** Lives in a schema of its own, which fingerprints leave out. */
export const JOURNAL_SCHEMA = "turnback";

const DDL = `
  create schema if not exists ${JOURNAL_SCHEMA};
  create table if not exists ${JOURNAL_SCHEMA}.journal (
    plan text not null, step text not null,
    state text not null check (state in ('started', 'done', 'undoing')),
    checksum text not null, cursor text, rows bigint not null default 0,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (plan, step)
  );`;

/** Statements on the journal; with a step's own client they join its transaction. */
export class Journal {
  readonly #client: pg.Client;
  readonly #plan: string;

  constructor(client: pg.Client, plan: string) {
    this.#client = client;
    this.#plan = plan;
  }

  async open(): Promise<void> {
    await this.#client.query(DDL);
  }

  async rows(): Promise<Map<string, JournalRow>> {
    const { rows } = await this.#client.query<JournalRow>(
      `select step, state, checksum, cursor, rows::int from ${JOURNAL_SCHEMA}.journal where plan = $1`, [this.#plan]);
    return new Map(rows.map((row) => [row.step, row]));
  }

  async write(step: string, state: StepState, sum: string, cursor: string | null = null, rows = 0): Promise<void> {
    await this.#client.query(
      `insert into ${JOURNAL_SCHEMA}.journal (plan, step, state, checksum, cursor, rows) values ($1, $2, $3, $4, $5, $6)
       on conflict (plan, step) do update set state = $3, checksum = $4, cursor = $5, rows = $6, changed_at = clock_timestamp()`,
      [this.#plan, step, state, sum, cursor, rows]);
  }

  async remove(step: string): Promise<void> {
    await this.#client.query(`delete from ${JOURNAL_SCHEMA}.journal where plan = $1 and step = $2`, [this.#plan, step]);
  }
}

/** Refuses a plan whose applied steps were changed or removed since. @throws HarnessError `step-changed`. */
export function checkJournal(plan: Plan, rows: ReadonlyMap<string, JournalRow>): void {
  for (const row of rows.values()) {
    const step = plan.steps.find((candidate) => candidate.id === row.step);
    if (step && checksum(step) === row.checksum) continue;
    throw new HarnessError({
      code: "step-changed", kind: "declaration", place: `plan ${plan.name}, step ${row.step}`,
      message: step
        ? `step ${row.step} was changed since it was applied: its checksum is ${checksum(step)}, the journal has ${row.checksum}`
        : `step ${row.step} was applied, and the plan doesn't have it any more`,
      remedy: "restore the step as it was applied, and put the change into a new step",
    });
  }
}

/** Whether all of a plan's steps are done, by the journals of the databases that they are on. */
export async function isInPlace(plan: Plan, databases: readonly { readonly client: pg.Client; readonly database?: string | undefined }[]): Promise<boolean> {
  const done = await Promise.all(databases.map(async ({ client, database }) => {
    const { rows: [journal] } = await client.query<{ there: boolean }>(`select to_regclass('${JOURNAL_SCHEMA}.journal') is not null as there`);
    const rows = journal?.there ? await new Journal(client, plan.name).rows() : new Map<string, JournalRow>();
    return plan.steps.filter(({ on }) => on === database).every(({ id }) => rows.get(id)?.state === "done");
  }));
  return done.every(Boolean);
}
