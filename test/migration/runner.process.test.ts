// The way-back contract on a real database: start, fail, roll back, verify, start again, resume, complete.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type pg from "pg";
import { keptSteps, planSchema, stepSchema, type Plan } from "../../harness/drill/plan.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { differencesOf } from "../support/structure.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { dryRun, runBackward, runForward, type Direction, type Point } from "../../harness/migration/runner.ts";
import { fingerprint } from "../../harness/observe/fingerprint.ts";
import { rollbackSchema, type Rollback } from "../../harness/drill/schema.ts";
import { down } from "../../harness/rollback/down.ts";
import { flag } from "../../harness/rollback/flag.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openTopology, type Held } from "../faults/contract.ts";

const FOLDER = "fixtures/systems/shop/migrations/split-customer-name";
let held: Held;
let plan: Plan;
let client: pg.Client;
let admin: pg.Client;
let events: RunEvent[] = [];

beforeAll(async () => {
  held = await openTopology("process", "own");
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
  on: () => Promise.resolve(client), plan: using, signal: new AbortController().signal, record: (event: RunEvent) => { events.push(event); },
  reach: (direction: Direction, point: Point) => (stopAt?.(direction, point) ? Promise.reject(new Error("stopped here")) : Promise.resolve()),
});
const journal = async () => (await admin.query<{ step: string; state: string }>("select step, state from turnback.journal order by step")).rows;
const schema = () => fingerprint(admin);
const shared = { meta: { sharesServices: true } };

describe("a step that deploys", () => {
  const deploying: Plan = planSchema.parse({ name: "deploying", description: "two versions", steps: [
    { id: "tolerant", kind: "deploy", deploy: { version: "tolerant", was: "v1" } },
    { id: "canary", kind: "deploy", deploy: { version: "v2", instances: 1 } },
  ] });

  test("is journalled, deploys again what was there before, and leaves the application where nothing is said of that", shared, async () => {
    const asked: string[] = [];
    const application = { deploy: (version: string, instances?: number) => { asked.push(`${version} on ${instances ?? "all"}`); return Promise.resolve(); } };
    await migrator(() => runForward({ ...context(undefined, deploying), application }));
    expect(asked.splice(0)).toEqual(["tolerant on all", "v2 on 1"]);
    expect(await journal()).toEqual([{ step: "canary", state: "done" }, { step: "tolerant", state: "done" }]);
    await migrator(() => runBackward({ ...context(undefined, deploying), application }));
    expect(asked).toEqual(["v1 on all"]);
    expect(await journal()).toEqual([]);
  });

  test("that fails stays begun, and is repeated", shared, async () => {
    let fails = true;
    const asked: string[] = [];
    const application = { deploy: (version: string) => { asked.push(version); return fails ? Promise.reject(new Error("it never got ready")) : Promise.resolve(); } };
    await expect(migrator(() => runForward({ ...context(undefined, deploying), application }))).rejects.toThrow("it never got ready");
    expect(await journal()).toEqual([{ step: "tolerant", state: "started" }]);
    fails = false;
    await migrator(() => runBackward({ ...context(undefined, deploying), application }));
    expect(asked).toEqual(["tolerant", "v1"]);
    expect(await journal()).toEqual([]);
  });

  test.for<[string, object, RegExp]>([
    ["a version without the kind", { kind: "command", forward: "select 1", backward: "select 1", deploy: { version: "v2" } }, /a step of kind deploy says which version/],
    ["the kind without a version", { kind: "deploy" }, /a step of kind deploy says which version/],
    ["statements", { kind: "deploy", deploy: { version: "v2" }, forward: "select 1" }, /statements are what every step has but one of kind deploy/],
    ["a step of another kind without statements", { kind: "expand", backward: "select 1" }, /statements are what every step has/],
    ["a step of another kind without a way back", { kind: "expand", forward: "select 1" }, /every step says how it is undone/],
  ])("is refused with %s", shared, ([, step, message]) => {
    expect(() => stepSchema.parse({ id: "step", ...step })).toThrow(message);
  });
});

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
    expect(differencesOf(before, await schema())).toEqual([]);
    expect(await journal()).toEqual([]);
    await migrator(() => runBackward(context()));
    expect(differencesOf(before, await schema())).toEqual([]);
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
    expect((await migrator(() => dryRun(client, plan, "billing"))).map(({ would }) => would)).toEqual(plan.steps.map(() => "elsewhere"));
    await migrator(() => runBackward(context()));
    expect(differencesOf(before, await schema())).toEqual([]);
  });

  test("an interrupted way back is taken up again from the journal, and nothing is undone twice", shared, async () => {
    const before = await schema();
    await migrator(() => runForward(context()));
    let struck = 0;
    const wayBack = down(rollbackSchema.parse({ strategy: "down", attempts: 5 }) as Extract<Rollback, { strategy: "down" }>, {
      ...context(), topology: held.topology, system: { invariants: [], probe: "select 1" },
      reach: (direction, point) => {
        if (direction !== "backward" || point.at !== "after" || struck++ > 2) return Promise.resolve();
        return Promise.reject(new Error("the connection broke"));
      },
    });
    await wayBack.goBack(new AbortController().signal);
    const undone = events.filter((e) => e.kind === "step" && e.direction === "backward" && e.state === "done").map((e) => e.kind === "step" && e.step);
    expect(undone).toEqual([...new Set(undone)]);
    expect(differencesOf(before, await schema())).toEqual([]);
  });
});

describe("a flag that is turned off", () => {
  const beforeRetiring = (_direction: string, point: Point) => point.at === "before" && point.step === "retire-name";
  const isOn = async () => (await admin.query<{ enabled: boolean }>("select enabled from feature_flags where name = 'split-names'")).rows[0]?.enabled;
  const off = (rule = "select 1 where false") => flag(rollbackSchema.parse({ strategy: "flag", attempts: 1, healthyWithinMs: 200 }) as Extract<Rollback, { strategy: "flag" }>,
    { ...context(), topology: held.topology, system: { invariants: [{ name: "a rule", query: rule }], probe: "select 1" } }).goBack(new AbortController().signal);

  test("is off, and everything that was added before it stays", shared, async () => {
    await expect(migrator(() => runForward(context(beforeRetiring)))).rejects.toThrow("stopped here");
    expect(await isOn()).toBe(true);
    events = [];
    await off();
    expect(await isOn()).toBe(false);
    expect((await journal()).map(({ step }) => step)).not.toContain("switch-application");
    expect(await journal()).toHaveLength(6);
    expect(events.flatMap((event) => (event.kind === "flag" ? [event.state] : []))).toEqual(["checked", "off", "checked"]);
    await off(); // it is off already
    await migrator(() => runBackward(context()));
  });

  test("that doesn't help fails the way back, and is off all the same", shared, async () => {
    await expect(migrator(() => runForward(context(beforeRetiring)))).rejects.toThrow("stopped here");
    await expect(off("select 1")).rejects.toThrow(/timed out after 200 ms waiting for health after split-names was turned off; last seen: .*a rule/);
    expect(await isOn()).toBe(false);
    await migrator(() => runBackward(context()));
  });

  test("is refused once a step behind it has begun", shared, async () => {
    await migrator(() => runForward(context()));
    await expect(off()).rejects.toMatchObject({ code: "flag-too-late" });
    expect(await isOn()).toBe(true);
    await migrator(() => runBackward(context()));
  });
});

describe("a way back in part", () => {
  const step = (id: string, more: object) => stepSchema.parse({ id, kind: "expand", forward: `create table ${id} ()`, backward: `drop table ${id}`, ...more });
  const parts: Plan = { name: "parts", description: "", tablespaces: [], steps: [step("a", {}), step("b", { needs: ["a"] }), step("c", { needs: ["a"] }), step("d", { needs: ["b"] })] };
  const tables = async () => (await admin.query<{ name: string }>("select relname as name from pg_class where relkind = 'r' and relname in ('a', 'b', 'c', 'd') order by 1")).rows.map(({ name }) => name).join("");

  test("leaves the steps that stay, undoes the rest, and can be completed", shared, async () => {
    await migrator(() => runForward(context(undefined, parts)));
    await migrator(() => runBackward(context(undefined, parts), { keep: keptSteps(parts, { only: "b" }) }));
    expect(await tables()).toBe("ac");
    await migrator(() => runForward(context(undefined, parts)));
    await migrator(() => runBackward(context(undefined, parts), { keep: keptSteps(parts, { to: "b" }) }));
    expect(await tables()).toBe("ab");
    await migrator(() => runBackward(context(undefined, parts)));
    expect(await tables()).toBe("");
  });

  test("is refused to a step that the migration never came to", shared, async () => {
    await expect(migrator(() => runForward(context((_d, p) => p.at === "before" && p.step === "c", parts)))).rejects.toThrow();
    await expect(migrator(() => runBackward(context(undefined, parts), { keep: keptSteps(parts, { to: "c" }) }))).rejects.toThrow("step c is to stay, and the migration never came to it");
    expect(await tables()).toBe("ab");
    await migrator(() => runBackward(context(undefined, parts)));
  });

  test("stops between two batches when a rule of the system doesn't hold, and goes on from there", shared, async () => {
    const masks = await readPlan("fixtures/systems/shop/migrations/mask-names");
    const masked = async () => Number((await admin.query<{ n: string }>("select count(*) as n from customers c join names_kept k using (id) where c.name = k.masked and k.name <> k.masked")).rows[0]?.n);
    const names = async () => (await admin.query<{ all: string }>("select md5(string_agg(name, ',' order by id)) as all from customers")).rows[0]?.all;
    const before = await names();
    await migrator(() => runForward(context(undefined, masks)));
    const all = await masked();
    const staged = (rule: string) => down(rollbackSchema.parse({ strategy: "down", staged: { pauseMs: 0 } }) as Extract<Rollback, { strategy: "down" }>,
      { ...context(undefined, masks), topology: held.topology, system: { invariants: [{ name: "a rule", query: rule }], probe: "select 1" } });
    await expect(staged("select 1").goBack(new AbortController().signal)).rejects.toThrow("a rule of the system doesn't hold: a rule");
    expect(all - (await masked()), "one batch was undone").toBeGreaterThan(0);
    expect(all - (await masked())).toBeLessThanOrEqual(100);
    await staged("select 1 where false").goBack(new AbortController().signal);
    expect(await names()).toBe(before);
    expect(await journal()).toEqual([]);
  });

  test("doesn't believe an undoing whose query says otherwise", shared, async () => {
    const stays: Plan = { ...parts, name: "stays", steps: [step("a", { backward: "select 1", undone: "select to_regclass('a') is null" })] };
    await migrator(() => runForward(context(undefined, stays)));
    await expect(migrator(() => runBackward(context(undefined, stays)))).rejects.toThrow('"undone" of step a answered false');
    await admin.query("drop table a; delete from turnback.journal");
  });
});

describe("what a step destroys", () => {
  const destroys = (more: object): Plan => ({ name: "destroys", description: "", tablespaces: [], steps: [stepSchema.parse({
    id: "destroy", kind: "contract", forward: "update public.notes set note = upper(note)", backward: { nothing: "the notes are put back" }, preserve: [{ table: "public.notes", key: "id", columns: ["note"] }], ...more })] });
  const notes = async () => (await admin.query<{ all: string }>("select string_agg(note, ' ' order by id) as all from public.notes")).rows[0]?.all;
  const fresh = () => admin.query("drop table if exists public.notes; create table public.notes (id int primary key, note text); insert into public.notes values (1, 'one'), (2, 'two'), (3, 'three'); alter table public.notes owner to migrator");

  test("is put back, but for what was changed, came or went since", shared, async () => {
    await fresh();
    await migrator(() => runForward(context(undefined, destroys({}))));
    expect(await notes()).toBe("ONE TWO THREE");
    await admin.query("update public.notes set note = 'client' where id = 2; delete from public.notes where id = 3; insert into public.notes values (4, 'new')");
    await migrator(() => runBackward(context(undefined, destroys({}))));
    expect(await notes()).toBe("one client new");
    expect((await admin.query("select from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'turnback' and relname like 'kept%'")).rowCount).toBe(0);
  });

  test("and a client's change of case stands where the collation takes both for one", shared, async () => {
    await fresh();
    await admin.query(`create collation public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); alter table public.notes alter column note type text collate public.ci`);
    await migrator(() => runForward(context(undefined, destroys({ forward: "update public.notes set note = 'new'" }))));
    await admin.query("update public.notes set note = 'NEW' where id = 2");
    await migrator(() => runBackward(context(undefined, destroys({ forward: "update public.notes set note = 'new'" }))));
    expect(await notes()).toBe("one NEW three");
    await admin.query("drop table public.notes; drop collation public.ci");
  });

  test("is put back into a column that was dropped; without that it is gone", shared, async () => {
    const drops = (preserve: object) => destroys({ forward: "alter table public.notes drop column note", backward: "alter table public.notes add column note text", ...preserve });
    await fresh();
    await migrator(() => runForward(context(undefined, drops({}))));
    await migrator(() => runBackward(context(undefined, drops({}))));
    expect(await notes()).toBe("one two three");
    await migrator(() => runForward(context(undefined, drops({ preserve: [] }))));
    await migrator(() => runBackward(context(undefined, drops({ preserve: [] }))));
    expect(await notes()).toBeNull();
  });

  describe("in rows that several columns name", () => {
    const lines = async () => (await admin.query<{ all: string }>("select string_agg(note, ' ' order by order_ref, line_no) as all from public.lines")).rows[0]?.all;
    const kept = async () => (await admin.query("select from pg_class where relnamespace = to_regnamespace('turnback') and relname like 'kept%'")).rowCount;
    const cut = (key: unknown, columns = ["note"], table = "public.lines") => destroys({ forward: "update public.lines set note = left(note, 1)", preserve: [{ table, key, columns }] });
    const freshLines = () => admin.query(`drop table if exists public.lines; create table public.lines (order_ref text, line_no int, "odd, name" int, note text, primary key (order_ref, line_no));
      insert into public.lines values ('a', 1, 1, 'one'), ('a', 2, 2, 'two'), ('b', 1, 3, 'three'), ('b', 2, 4, 'four'); alter table public.lines owner to migrator`);

    test.for([[["order_ref", "line_no"]], ["order_ref, line_no"], [["odd, name"]]] as const)("is put back by all of %j, but for what was changed, came or went since", shared, async ([key]) => {
      await freshLines();
      await migrator(() => runForward(context(undefined, cut(key))));
      expect(await lines()).toBe("o t t f");
      await admin.query("update public.lines set note = 'client' where order_ref = 'a' and line_no = 2; delete from public.lines where order_ref = 'b' and line_no = 1; insert into public.lines values ('c', 1, 5, 'new')");
      await migrator(() => runBackward(context(undefined, cut(key))));
      expect(await lines()).toBe("one client four new");
      expect(await kept()).toBe(0);
    });

    test.for([
      ["a part of the key", cut("line_no"), /plan destroys, step destroy can't preserve: the column "line_no" can't name the rows of table public.lines: 2 values are of several rows each$/],
      ["columns that are the same in two rows", cut(["order_ref"]), /the column "order_ref" can't name .* values are of several rows each$/],
      ["a column that isn't there", cut(["order_ref", "lineno"]), /step destroy can't preserve: table public.lines has no column "lineno"/],
      ["columns to keep that aren't there", cut(["order_ref", "line_no"], ["notes"]), /has no column "notes"/],
      ["a table that isn't there", cut("id", ["note"], "public.nowhere"), /there is no table public.nowhere/],
    ] as const)("is refused before anything is changed, by %s", shared, async ([, wrong, says]) => {
      await freshLines();
      await expect(migrator(() => runForward(context(undefined, wrong)))).rejects.toThrow(says);
      expect(await lines()).toBe("one two three four");
      expect([await kept(), await journal()]).toEqual([0, []]);
    });

    test("is refused where a part of the key is null", shared, async () => {
      await freshLines();
      await admin.query(`update public.lines set "odd, name" = null where order_ref = 'b'`);
      await expect(migrator(() => runForward(context(undefined, cut(["order_ref", "odd, name"]))))).rejects.toThrow(/the columns "order_ref", "odd, name" can't name the rows of table public.lines: in 2 of them one is null$/);
      await admin.query("drop table public.lines");
    });
  });

  test("and can't be undone is made up for once, however often going back is tried", shared, async () => {
    await fresh();
    const compensates = destroys({ preserve: [], backward: { irreversible: "letters were sent", compensate: "insert into public.notes values (9, 'sorry')" } });
    await migrator(() => runForward(context(undefined, compensates)));
    await expect(migrator(() => runBackward(context((d, p) => d === "backward" && p.at === "after", compensates)))).rejects.toThrow("stopped here");
    await migrator(() => runBackward(context(undefined, compensates)));
    expect(await notes()).toBe("ONE TWO THREE sorry");
    await admin.query("drop table public.notes");
  });
});

describe("a step that ends its own transaction", () => {
  const one = (forward: string | string[], more: object = {}): Plan => ({ name: "ending", description: "", tablespaces: [], steps: [stepSchema.parse({ id: "ends", kind: "expand", forward, backward: "select 1", ...more })] });
  const fresh = () => admin.query(`drop table if exists public.marks; create table public.marks (a int); alter table public.marks owner to migrator;
    create or replace procedure public.commits() language plpgsql as $$ begin insert into public.marks values (7); commit; end $$;
    create or replace function public.tries() returns int language plpgsql as $$ begin call public.commits(); return 0; end $$`);

  test.for([
    ["commits among others", "insert into public.marks values (1); commit; insert into public.marks values (2)"],
    ["commits and begins anew", "insert into public.marks values (1); commit and chain"],
    ["goes back and begins anew", ["insert into public.marks values (1)", "rollback and chain"]],
    ["commits in a statement of its own", ["insert into public.marks values (1)", "commit", "insert into public.marks values (2)"]],
    ["commits and then fails", "insert into public.marks values (1); commit; select 1/0"],
    ["calls a procedure that commits", "call public.commits()"],
    ["has a block that commits", "do $$ begin commit; end $$"],
    ["resets all and commits", "reset all; commit; begin"],
  ] as const)("is refused where it %s, and has no row in the journal", shared, async ([, sql]) => {
    await fresh();
    await expect(migrator(() => runForward(context(undefined, one(sql as string))))).rejects.toMatchObject({
      code: "step-ended-transaction", kind: "declaration", place: "plan ending, step ends, forward", message: expect.stringContaining("plan ending, step ends, forward: ") as string, remedy: expect.stringContaining("transactional: false") as string,
    });
    expect(await journal()).toEqual([]);
  });

  test("in a batch is refused, too", shared, async () => {
    await fresh();
    const batches = (sql: string) => one(sql, { kind: "backfill", backward: { batches: "select null, 0" } });
    await expect(migrator(() => runForward(context(undefined, batches("select $1::text as cursor, least($2::int, public.tries()) as rows"))))).rejects.toMatchObject({ code: "step-ended-transaction" });
    expect(await journal()).toEqual([]);
  });

  test("and fails by itself tells its own error", shared, async () => {
    await fresh();
    await expect(migrator(() => runForward(context(undefined, one("insert into public.marks values (1); select 1/0"))))).rejects.toMatchObject({ code: "22012" });
    expect((await admin.query("select from public.marks")).rowCount).toBe(0);
  });

  test("is not one with a savepoint, a reset of settings, or quoted words", shared, async () => {
    await fresh();
    await migrator(() => runForward(context(undefined, one("savepoint s; insert into public.marks values (1); rollback to s; reset all; insert into public.marks values (2); comment on table public.marks is 'commit; end'"))));
    expect(await journal()).toEqual([{ step: "ends", state: "done" }]);
    await migrator(() => runBackward(context(undefined, one("savepoint s; insert into public.marks values (1); rollback to s; reset all; insert into public.marks values (2); comment on table public.marks is 'commit; end'"))));
    await admin.query("drop table public.marks; drop function public.tries; drop procedure public.commits");
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
