// The way-back contract on a real database: start, fail, roll back, verify, start again, resume, complete.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type pg from "pg";
import type { Plan } from "../../harness/drill/plan.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { compareStructure } from "../../harness/judge/structure.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { dryRun, runBackward, runForward, type Direction, type Point } from "../../harness/migration/runner.ts";
import { fingerprint } from "../../harness/observe/fingerprint.ts";
import { rollbackSchema, type Rollback } from "../../harness/drill/schema.ts";
import { down } from "../../harness/rollback/down.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openTopology, type Held } from "../faults/contract.ts";

const FOLDER = "fixtures/systems/shop/migrations/split-customer-name";
let held: Held;
let plan: Plan;
let client: pg.Client;
let admin: pg.Client;
let events: RunEvent[] = [];

beforeAll(async () => {
  held = await openTopology("process");
  plan = await readPlan(FOLDER);
  admin = await held.topology.observer("test");
});
afterAll(async () => {
  await admin.end();
  await held.close();
});
beforeEach(() => { events = []; });

async function migrator<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  client = await connect(held.topology.access("migrator", "migration"), { name: "turnback-migration" });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
const context = (stopAt?: (direction: Direction, point: Point) => boolean, using: Plan = plan) => ({
  client, plan: using, signal: new AbortController().signal, record: (event: RunEvent) => { events.push(event); },
  reach: (direction: Direction, point: Point) => (stopAt?.(direction, point) ? Promise.reject(new Error("stopped here")) : Promise.resolve()),
});
const journal = async () => (await admin.query<{ step: string; state: string }>("select step, state from turnback.journal order by step")).rows;
const schema = () => fingerprint(admin);
const shared = { meta: { sharesServices: true } };

describe("the way-back contract", () => {
  const stops: [string, (direction: Direction, point: Point) => boolean][] = [
    ...["add-columns", "sync-trigger", "backfill-names", "require-names", "validate-names", "index-names", "switch-application", "retire-name"].flatMap((step): [string, (d: Direction, p: Point) => boolean][] => [
      [`before ${step}`, (d, p) => d === "forward" && p.at === "before" && p.step === step],
      [`after ${step}`, (d, p) => d === "forward" && p.at === "after" && p.step === step],
    ]),
    ["within the backfill", (d, p) => d === "forward" && p.at === "progress" && p.step === "backfill-names" && p.share >= 0.4],
    ["between two statements without a transaction", (d, p) => d === "forward" && p.at === "progress" && p.step === "index-names"],
  ];
  test.for(stops)("stopped %s, the way back restores the schema exactly, and is idempotent", shared, async ([, stopAt]) => {
    const before = await schema();
    await expect(migrator(() => runForward(context(stopAt)))).rejects.toThrow("stopped here");
    await migrator(() => runBackward(context()));
    expect(compareStructure(before, await schema())).toEqual([]);
    expect(await journal()).toEqual([]);
    await migrator(() => runBackward(context()));
    expect(compareStructure(before, await schema())).toEqual([]);
  });

  test("interrupted and resumed, it goes on where it was; complete, it can still be undone", shared, async () => {
    const before = await schema();
    await expect(migrator(() => runForward(context((_d, p) => p.at === "progress" && p.step === "backfill-names" && p.share >= 0.4)))).rejects.toThrow();
    const halfway = (await admin.query<{ rows: string }>("select rows from turnback.journal where step = 'backfill-names'")).rows[0]?.rows;
    events = [];
    await migrator(() => runForward(context()));
    expect(events.filter((e) => e.kind === "step" && e.state === "skipped").length).toBe(2);
    const firstShare = events.find((e) => e.kind === "progress");
    expect(firstShare?.kind === "progress" && firstShare.share).toBeGreaterThan(Number(halfway) / 1_000);
    expect((await journal()).map(({ state }) => state)).toEqual(Array(8).fill("done"));
    await expect(migrator(() => dryRun(client, plan))).resolves.toEqual(expect.arrayContaining([expect.objectContaining({ step: "add-columns", would: "skip" })]));
    await migrator(() => runBackward(context()));
    expect(compareStructure(before, await schema())).toEqual([]);
  });

  test("an interrupted way back is taken up again from the journal, and nothing is undone twice", shared, async () => {
    const before = await schema();
    await migrator(() => runForward(context()));
    let struck = 0;
    const wayBack = down(rollbackSchema.parse({ strategy: "down", attempts: 5 }) as Extract<Rollback, { strategy: "down" }>, {
      ...context(), topology: held.topology, system: { invariants: [] },
      reach: (direction, point) => {
        if (direction !== "backward" || point.at !== "after" || struck++ > 2) return Promise.resolve();
        return Promise.reject(new Error("the connection broke"));
      },
    });
    await wayBack.goBack(new AbortController().signal);
    const undone = events.filter((e) => e.kind === "step" && e.direction === "backward" && e.state === "done").map((e) => e.kind === "step" && e.step);
    expect(undone).toEqual([...new Set(undone)]);
    expect(compareStructure(before, await schema())).toEqual([]);
  });
});

describe("the plan runner", () => {
  test("refuses a step that was changed since it was applied", shared, async () => {
    await expect(migrator(() => runForward(context((_d, p) => p.at === "after" && p.step === "add-columns")))).rejects.toThrow();
    const changed: Plan = { ...plan, steps: plan.steps.map((step) => (step.id === "add-columns" ? { ...step, forward: `${String(step.forward)} -- changed` } : step)) };
    await expect(migrator(() => runForward(context(undefined, changed)))).rejects.toThrow(/step add-columns was changed since it was applied/);
    await expect(migrator(() => runBackward(context(undefined, changed)))).rejects.toThrow(/was changed/);
    await migrator(() => runBackward(context()));
  });

  test("refuses a second migrator instead of interleaving with it", shared, async () => {
    const other = await connect(held.topology.access("migrator", "migration"), { name: "turnback-other" });
    try {
      await other.query("select pg_advisory_lock(hashtext('turnback'), hashtext($1))", [plan.name]);
      await expect(migrator(() => runForward(context()))).rejects.toThrow("another migrator holds this plan's advisory lock");
    } finally {
      await other.end();
    }
  });

  test("names the step and the place of a syntax error", shared, async () => {
    const wrong: Plan = { ...plan, name: "wrong", steps: [{ ...plan.steps[0]!, forward: "alter tabel customers" }] };
    await expect(migrator(() => runForward(context(undefined, wrong)))).rejects.toMatchObject({ code: "plan-sql-invalid", place: "plan wrong, step add-columns, forward" });
  });

  test("doesn't believe a step whose check fails", shared, async () => {
    const wrong: Plan = { ...plan, name: "wrong", steps: [{ ...plan.steps[0]!, forward: "select 1", check: "select false" }] };
    await expect(migrator(() => runForward(context(undefined, wrong)))).rejects.toThrow('"check" of step add-columns answered false');
    await admin.query("delete from turnback.journal");
  });

  test("says why there is no way back from an irreversible step", shared, async () => {
    const final: Plan = { ...plan, name: "final", steps: [{ ...plan.steps[0]!, forward: "select 1", check: undefined, backward: { irreversible: "the old values are gone" } }] };
    await migrator(() => runForward(context(undefined, final)));
    await expect(migrator(() => runBackward(context(undefined, final)))).rejects.toThrow("step add-columns has no way back: the old values are gone");
    await admin.query("delete from turnback.journal");
  });
});
