// Runs a plan's steps, forward and backward, each journalled with its own effect.

import pg from "pg";
import { pause } from "../base/deadline.ts";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { statements, undoing, type Plan, type Step } from "../drill/plan.ts";
import { answering, failureOf } from "../evidence/failure.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import { carryOver } from "./carry.ts";
import { checkJournal, Journal, type JournalRow } from "./journal.ts";
import { OwnTransaction } from "./own-transaction.ts";
import { checksum } from "./plan-file.ts";
import { Preserve } from "./preserve.ts";
import type { Application } from "../topology/application.ts";
import type { OnDatabase } from "./sessions.ts";
import { isIdle, wroteRows } from "./wrote.ts";

export type Direction = "forward" | "backward";

/** A place in a plan where something may strike. The runner waits until the strike is over. */
export type Point =
  | { readonly at: "before" | "after"; readonly step: string }
  | { readonly at: "progress"; readonly step: string; readonly share: number };

export type RunnerContext = {
  readonly on: OnDatabase;
  readonly plan: Plan;
  /** What steps of kind deploy are done by; nobody where there is no application. */
  readonly application?: Pick<Application, "deploy"> | undefined;
  readonly record: (event: RunEvent) => void;
  /** Hears that something was written which no catalogue tells of: rows, or whatever nobody can look at. */
  readonly wrote?: (() => void) | undefined;
  readonly reach: (direction: Direction, point: Point) => Promise<void>;
  readonly signal: AbortSignal;
};

/** Two migrators at once would interleave steps: the second one is refused, not queued. */
const LOCK = "select pg_try_advisory_lock(hashtext('turnback'), hashtext($1)) as had";
const UNLOCK = "select pg_advisory_unlock(hashtext('turnback'), hashtext($1))";

/** A step where it takes place: its database, and that one's journal. */
type Work = RunnerContext & { readonly step: Step; readonly client: pg.Client; readonly journal: Journal };

/**
 * Works on the plan alone, in each database that the steps are on: whoever comes next finds the locks free as soon as this is
 * over, and not when a server has noticed. Each database's journal has its own steps.
 */
async function holdingThePlan(context: RunnerContext, steps: readonly Step[], work: (at: (step: Step) => Work, rows: Map<string, JournalRow>) => Promise<void>): Promise<void> {
  const { plan, on } = context;
  const locked = new Map<string | undefined, pg.Client>();
  const rows = new Map<string, JournalRow>();
  try {
    for (const database of new Set(steps.map((step) => step.on))) {
      const client = await on(database);
      const { rows: [lock] } = await client.query<{ had: boolean }>(LOCK, [plan.name]);
      if (!lock?.had) {
        throw new HarnessError({
          code: "migration-locked", kind: "run", place: `plan ${plan.name}`,
          message: `another migrator holds this plan's advisory lock${database === undefined ? "" : ` in ${database}`}`, remedy: "wait for it, or end its session",
        });
      }
      locked.set(database, client);
      const journal = new Journal(client, plan.name);
      await journal.open();
      for (const [step, row] of await journal.rows()) rows.set(step, row);
    }
    checkJournal(plan, rows);
    await work((step) => {
      const client = locked.get(step.on);
      if (!client) throw new Error(`step ${step.id} is on a database that is none of the plan's`);
      return { ...context, step, client, journal: new Journal(client, plan.name) };
    }, rows);
  } finally {
    // The end of a broken connection frees it, too.
    for (const client of locked.values()) await client.query(UNLOCK, [plan.name]).catch(() => undefined);
  }
}

/** Runs what is not done yet, of all steps or of these, in order; what an earlier run has begun is resumed. */
export function runForward(context: RunnerContext, steps: readonly Step[] = context.plan.steps): Promise<void> {
  return holdingThePlan(context, steps, async (at, rows) => {
    for (const step of steps) {
      const row = rows.get(step.id);
      if (row?.state === "done") {
        context.record({ kind: "step", direction: "forward", step: step.id, state: "skipped", detail: "the journal has it as done" });
        continue;
      }
      const here = at(step);
      await runStep(here, "forward", async () => {
        if (step.deploy) await deploy(here, "forward", step.deploy.version);
        else if (step.kind === "backfill") await inBatches(here, { direction: "forward", sql: statements(step.forward)[0] ?? "", rows: await sizeOf(here) });
        else await apply(here, "forward", statements(step.forward));
        await verify(here, "check");
      });
    }
  });
}

export type BackwardOptions = {
  /** Steps that stay. They must be done: a step that was never reached is none to go back to. */
  readonly keep?: readonly Step[];
  /** Between two chunks, which are steps, and batches of a backfill. */
  readonly between?: (step: Step) => Promise<void>;
  /** Only looks whether there is a way back, and undoes nothing. */
  readonly look?: boolean;
};

/** Undoes whatever the journal says was begun, in reverse; safe to repeat after any interruption. */
export function runBackward(context: RunnerContext, { keep = [], between = () => Promise.resolve(), look = false }: BackwardOptions = {}): Promise<void> {
  return holdingThePlan(context, context.plan.steps, async (at, rows) => {
    const missing = keep.find(({ id }) => rows.get(id)?.state !== "done");
    if (missing) {
      throw new HarnessError({
        code: "step-not-reached", kind: "run", place: `plan ${context.plan.name}, step ${missing.id}`,
        message: `step ${missing.id} is to stay, and the migration ${rows.has(missing.id) ? "stopped in its midst" : "never came to it"}`, remedy: "go back as a whole, or resume",
      });
    }
    const begun = context.plan.steps.toReversed().filter((step) => rows.has(step.id) && !keep.includes(step));
    // Before anything is undone: half a way back is worse than none.
    for (const step of begun) {
      if (undoing(step) || typeof step.backward !== "object" || !("irreversible" in step.backward)) continue;
      throw new HarnessError({
        code: "irreversible-step", kind: "run", place: `plan ${context.plan.name}, step ${step.id}`,
        message: `step ${step.id} has no way back: ${step.backward.irreversible}`, remedy: "choose another way back",
      });
    }
    if (look) return;
    for (const step of begun) {
      const { backward } = step;
      const here = at(step);
      await runStep(here, "backward", async () => {
        if (step.deploy) await deploy(here, "backward", step.deploy.was);
        else if (typeof backward === "object" && "batches" in backward) await inBatches(here, { direction: "backward", sql: backward.batches, rows: rows.get(step.id)?.rows ?? 0, between });
        else await apply(here, "backward", undoing(step) ?? []);
        await verify(here, "undone");
      });
      await between(step);
    }
  });
}

async function runStep(here: Work, direction: Direction, work: () => Promise<void>): Promise<void> {
  const { step, record, reach, signal } = here;
  const event = { kind: "step", direction, step: step.id } as const;
  await reach(direction, { at: "before", step: step.id });
  signal.throwIfAborted();
  record({ ...event, state: "started" });
  if (step.kind !== "backfill" && direction === "forward") await pause(step.pauseMs, signal);
  try {
    await withLockRetries(here, direction, work);
  } catch (caught) {
    const error = locate(caught, here.plan, step, direction);
    record({ ...event, state: "failed", detail: messageOf(error), error: failureOf(error) });
    throw error;
  }
  record({ ...event, state: "done" });
  await reach(direction, { at: "after", step: step.id });
}

/** A statement that PostgreSQL can't even parse is a mistake in the plan: say where. 42601: syntax_error. */
function locate(error: unknown, plan: Plan, step: Step, direction: Direction): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code !== "42601") return error;
  return new HarnessError({
    code: "plan-sql-invalid", kind: "declaration", place: `plan ${plan.name}, step ${step.id}, ${direction}`,
    message: `step ${step.id}, ${direction}: ${error.message}${error.position ? `, at character ${error.position} of the statement` : ""}`,
    remedy: "correct the SQL in plan.yaml", cause: error,
  });
}

/** Retries only what failed for want of a lock: 55P03 lock_not_available, 40P01 deadlock_detected. */
async function withLockRetries({ step, record, signal }: Work, direction: Direction, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const code = codeOf(error);
      if ((code !== "55P03" && code !== "40P01") || attempt >= step.attempts) throw error;
      record({ kind: "step", direction, step: step.id, state: "retried", detail: `attempt ${attempt} of ${step.attempts}: ${messageOf(error)}` });
      await pause(Math.min(2_000, 50 * 2 ** (attempt - 1)), signal);
    }
  }
}

/** The journal brackets it: a crash in between repeats it, which changes nothing where it was done. Without a version, all stays as it is. */
async function deploy({ step, journal, application, wrote }: Work, direction: Direction, version: string | undefined): Promise<void> {
  wrote?.();
  await journal.write(step.id, direction === "forward" ? "started" : "undoing", checksum(step));
  if (version !== undefined) await application?.deploy(version, step.deploy?.instances);
  await (direction === "forward" ? journal.write(step.id, "done", checksum(step)) : journal.remove(step.id));
}

/**
 * A transactional step's effect and its journal row commit as one. Without a transaction the
 * journal brackets the statements: after a crash in between, the row says "begun", the step
 * runs again from its start, and so its statements must be repeatable.
 */
async function apply({ step, client, journal, plan, on, reach, wrote }: Work, direction: Direction, sql: readonly string[]): Promise<void> {
  const settle = () => (direction === "forward" ? journal.write(step.id, "done", checksum(step)) : journal.remove(step.id));
  const progress = (done: number) => reach(direction, { at: "progress", step: step.id, share: done / sql.length });
  if (!step.transactional) {
    await journal.write(step.id, direction === "forward" ? "started" : "undoing", checksum(step));
    await client.query(`set lock_timeout = ${step.lockTimeoutMs}`);
    for (const [index, statement] of sql.entries()) {
      await client.query(statement).catch(answering(statement));
      if (!isIdle(statement)) wrote?.(); // outside of a transaction of ours nobody tells what it wrote
      await progress(index + 1);
    }
    await settle();
    return;
  }
  const preserve = new Preserve(client, plan, step);
  await inTransaction(new OwnTransaction(client, plan, step, direction), { client, step, wrote }, async (run) => {
    await carryOver(direction === "forward" ? step.carry : step.carryBack, client, on);
    if (direction === "forward") await preserve.copyAside();
    for (const [index, statement] of sql.entries()) {
      await run(statement, () => client.query(statement));
      await progress(index + 1);
    }
    await (direction === "forward" ? preserve.noteLeft() : preserve.putBack());
    await settle();
  });
}

type RunStatement = <T>(statement: string, query: () => Promise<T>) => Promise<T>;

async function inTransaction(own: OwnTransaction, { client, step, wrote }: Pick<Work, "client" | "step" | "wrote">, work: (run: RunStatement) => Promise<void>): Promise<void> {
  try {
    await own.begin(step.lockTimeoutMs);
    await work(async (statement, query) => {
      const answer = await query().catch(answering(statement)).catch(async (error: unknown) => { throw await own.explained(error, statement); });
      await own.after(statement);
      return answer;
    });
    if (wrote && (await wroteRows(client))) wrote();
    await client.query("commit");
  } catch (error) {
    // If the connection is gone, the server rolls back by itself, and this fails too.
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

type Batches = { readonly direction: Direction; readonly sql: string; /** How many rows there are to go through, for the progress. */ readonly rows: number; readonly between?: (step: Step) => Promise<void> };

/** Goes through the rows by key; every batch commits with its cursor, so that whoever takes it up goes on from there. */
async function inBatches({ step, client, plan, journal, record, reach, signal, wrote }: Work, { direction, sql, rows: all, between }: Batches): Promise<void> {
  const under = direction === "forward" ? "started" : "undoing";
  const row = (await journal.rows()).get(step.id);
  let cursor = row?.state === under ? row.cursor : null;
  let through = row?.state === under ? row.rows : 0;
  for (;;) {
    signal.throwIfAborted();
    let seen = 0;
    await inTransaction(new OwnTransaction(client, plan, step, direction), { client, step, wrote: through === 0 ? wrote : undefined }, async (run) => {
      const { rows: [batch] } = await run(sql, () => client.query<{ cursor: string | null; rows: number }>(sql, [cursor, step.batch]));
      seen = batch?.rows ?? 0;
      cursor = batch?.cursor ?? cursor;
      if (seen > 0) await journal.write(step.id, under, checksum(step), cursor, through + seen);
      else if (direction === "forward") await journal.write(step.id, "done", checksum(step), cursor, through);
      else await journal.remove(step.id);
    });
    if (seen === 0) return;
    through += seen;
    const share = all > 0 ? Math.min(1, through / all) : 0;
    record({ kind: "progress", direction, step: step.id, share });
    await reach(direction, { at: "progress", step: step.id, share });
    await between?.(step);
    await pause(step.pauseMs, signal);
  }
}

async function sizeOf({ client, step: { size } }: Work): Promise<number> {
  return size ? Number((await client.query<unknown[]>({ text: size, rowMode: "array" })).rows[0]?.[0] ?? 0) : 0;
}

async function verify({ client, plan, step }: Work, what: "check" | "undone"): Promise<void> {
  const sql = step[what];
  if (!sql) return;
  const { rows: [row] } = await client.query<unknown[]>({ text: sql, rowMode: "array" });
  if (row?.[0] === true) return;
  throw new HarnessError({
    code: "step-check-failed", kind: "run", place: `plan ${plan.name}, step ${step.id}`,
    message: `"${what}" of step ${step.id} answered ${JSON.stringify(row?.[0] ?? null)} after the step was ${what === "check" ? "applied" : "undone"}`,
    remedy: "the step did not do what its check expects: correct the one or the other",
  });
}

/** What a run forward would do now in the first of the plan's databases, or in the named one, without doing it. */
export async function dryRun(client: pg.Client, plan: Plan, database?: string): Promise<{ readonly step: string; readonly would: "run" | "resume" | "skip" | "elsewhere"; readonly sql: readonly string[] }[]> {
  const present = (await client.query("select to_regclass('turnback.journal') is not null as there")).rows[0] as { there: boolean } | undefined;
  const rows = present?.there ? await new Journal(client, plan.name).rows() : new Map<string, JournalRow>();
  checkJournal(plan, rows);
  return plan.steps.map((step) => {
    const state = rows.get(step.id)?.state;
    return { step: step.id, would: step.on !== database ? "elsewhere" : state === "done" ? "skip" : state ? "resume" : "run", sql: statements(step.forward) };
  });
}
