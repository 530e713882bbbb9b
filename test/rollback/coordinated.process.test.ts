// Several databases that go back as one: what is carried between them, and what is left when one of them can't.

import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startClock } from "../../harness/base/clock.ts";
import { preflight } from "../../harness/conduct/preflight.ts";
import { readDrill, readSystem } from "../../harness/drill/parse.ts";
import { planSchema, type Plan } from "../../harness/drill/plan.ts";
import { drillSchema, type Drill, type DrillDeclaration } from "../../harness/drill/schema.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { runForward, type Point } from "../../harness/migration/runner.ts";
import { endSessions, withSessions } from "../../harness/migration/sessions.ts";
import { fingerprint } from "../../harness/observe/fingerprint.ts";
import { createWayBack } from "../../harness/rollback/registry.ts";
import type { WayBack } from "../../harness/rollback/way-back.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import type { Runtime } from "../../harness/topology/runtime.ts";
import { startTopology, viewOf, viewsOf, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

const never = new AbortController().signal;
const shared = { meta: { sharesServices: true } };
const DRILL: DrillDeclaration = {
  ...smallDrill(),
  system: { path: "fixtures/systems/orders", scale: 0.01, others: { billing: { path: "fixtures/systems/billing", scale: 0.01 } } },
  migration: { plan: "fixtures/systems/orders/migrations/number-orders" },
  load: { workload: "fixtures/systems/orders/workload/clients.ts" },
};
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
let runtime: Runtime;
let topology: Topology;
let drill: Drill;
let plan: Plan;
let events: RunEvent[];
let serial = 0;

async function ask(database: string | undefined, text: string): Promise<unknown> {
  const { cluster } = viewOf(topology, database);
  return cluster.asking(cluster.primary, async (client) => (await client.query<unknown[]>({ text, rowMode: "array" })).rows[0]?.[0]);
}
const structures = () => Promise.all(viewsOf(topology).map(({ cluster }) => cluster.asking(cluster.primary, fingerprint)));
const migrate = (using = plan) => withSessions(topology, "test", never, (on) => runForward({ on, plan: using, signal: never, record: () => undefined, reach: () => Promise.resolve() }));

function goingBack(over: object = {}, reach: (point: Point) => Promise<void> = () => Promise.resolve(), using = plan): WayBack {
  const rollback = drillSchema.shape.rollback.parse({ strategy: "coordinated", attempts: 3, ...over });
  return createWayBack(rollback, { topology, plan: using, system: { invariants: [], probe: "" }, record: (event) => { events.push(event); }, reach: (_direction, point) => reach(point) });
}

/** A client's statement, through the proxies, for as long as a client waits. */
async function asClient(database: string | undefined, text: string, timeoutMs = 2_000): Promise<string | undefined> {
  const client = await connect(viewOf(topology, database).access("app", "clients"), { name: "test", timeoutMs });
  try {
    await client.query({ text: "begin", query_timeout: timeoutMs } as pg.QueryConfig);
    const { rows: [row] } = await client.query<{ key: string }>({ text, query_timeout: timeoutMs } as pg.QueryConfig);
    await client.query("commit");
    return row?.key;
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** An order in the new shape, and its invoice. */
async function orderInTheNewShape(): Promise<string> {
  const ref = uuid((serial += 1));
  const number = await asClient(undefined, `insert into orders (ref, customer, total) values ('${ref}', 'test', 1) returning number::text as key`);
  await asClient("billing", `insert into invoices (ref, order_number, amount) values ('${ref}', ${number}, 1)`);
  return ref;
}

const after = (step: string, work: () => Promise<unknown>) => {
  let struck = false;
  return async (point: Point) => {
    if (struck || point.at !== "after" || point.step !== step) return;
    struck = true;
    await work();
  };
};
const asMigrated = async () => [await ask(undefined, "select is_nullable from information_schema.columns where table_name = 'orders' and column_name = 'id'"), await ask("billing", "select value from settings")];
const MIGRATED = ["YES", "number"];

describe("going back as one", () => {
  beforeAll(async () => {
    runtime = await openRuntime({ kind: "process", why: "test" }, `coordinated-${startClock().startMonotonicNs}`);
    drill = drillSchema.parse(DRILL);
    plan = await readPlan(drill.migration.plan);
    topology = await startTopology({
      runtime, drill, system: await readSystem(drill.system.path), others: { billing: await readSystem("fixtures/systems/billing") }, say: () => undefined, onSecret: () => undefined,
    });
  });
  afterAll(async () => { await runtime[Symbol.asyncDispose](); });
  beforeEach(() => { events = []; });

  test("gives each database its old shape, and each invoice its order, under a key that was never given out", shared, async () => {
    const before = await structures();
    const known = 9_000_000; // an order that is gone, and that billing still knows
    await ask(undefined, `insert into orders (id, ref, customer, total) values (${known}, '${uuid((serial += 1))}', 'test', 1)`);
    await ask("billing", `insert into invoices (ref, order_id, amount) values ('${uuid(serial)}', ${known}, 1)`);
    await migrate();
    await ask(undefined, `delete from orders where id = ${known}`);
    expect(await asMigrated()).toEqual(MIGRATED);
    const ref = await orderInTheNewShape();
    const meanwhile: string[] = [];
    await goingBack({}, after("retire-id", async () => {
      for (const database of [undefined, "billing"]) meanwhile.push(await asClient(database, "select 'served' as key", 300).catch((error: Error) => error.message) ?? "");
    })).goBack(never);
    expect(meanwhile, "clients wait at both").toEqual([expect.stringContaining("timeout"), expect.stringContaining("timeout")]);
    expect(await structures()).toEqual(before);
    const id = Number(await ask(undefined, `select id from orders where ref = '${ref}'`));
    expect(id).toBeGreaterThan(known);
    expect(Number(await ask("billing", `select order_id from invoices where ref = '${ref}'`))).toBe(id);
    expect(Number(await asClient(undefined, `insert into orders (ref, customer, total) values ('${uuid((serial += 1))}', 'test', 1) returning id::text as key`))).toBe(id + 1);
    expect(events.flatMap((event) => (event.kind === "traffic" ? [event.state] : []))).toEqual(["closing", "closed", "open"]);
    await ask("billing", `delete from invoices where order_id = ${known}`);
  });

  test("is refused before anybody is held where a step has no way back", shared, async () => {
    const stuck = planSchema.parse({ name: "stuck", description: "no way back in billing", steps: [
      { id: "first", on: "billing", kind: "expand", forward: "create table gone ()", backward: { irreversible: "what was there is gone" } },
      { id: "second", kind: "expand", forward: "create table kept ()", backward: "drop table kept" },
    ] });
    await migrate(stuck);
    await expect(goingBack({}, undefined, stuck).goBack(never)).rejects.toThrow("step first has no way back: what was there is gone");
    expect(events.filter(({ kind }) => kind === "traffic" || kind === "step")).toEqual([]);
    expect(await ask(undefined, "select to_regclass('kept')::text")).toBe("kept");
    await ask(undefined, "drop table kept");
    await ask("billing", "drop table gone");
  });

  test("takes forward again what was undone when the other has died, and can go back later", shared, async () => {
    const before = await structures();
    await migrate();
    const billing = viewOf(topology, "billing").postgres;
    // As when it died between committing a step and saying so.
    const wayBack = goingBack({ heldMs: 1_000, attempts: 10 }, after("retire-id", async () => {
      await ask("billing", "delete from turnback.journal where step = 'require-order-number'");
      await ask("billing", "drop index invoices_order_number_idx");
      await billing.kill();
    }));
    await expect(wayBack.goBack(never)).rejects.toThrow("it was not through when clients had been held for 1,000 ms; retire-id was taken forward again; whether require-order-number was undone is seen when its database answers");
    expect(await ask(undefined, "select is_nullable from information_schema.columns where table_name = 'orders' and column_name = 'id'")).toBe("YES");
    await billing.start();
    await wayBack.tidy(never);
    expect(await ask("billing", "select to_regclass('invoices_order_number_idx')::text")).toBe("invoices_order_number_idx");
    expect(await asMigrated()).toEqual(MIGRATED);
    await orderInTheNewShape();
    await goingBack().goBack(never);
    expect(await structures()).toEqual(before);
  });

  test("takes forward again what was undone when the other gets no lock in time, and leaves no session waiting", shared, async () => {
    await migrate();
    const holder = await viewOf(topology, "billing").observer("holder");
    await holder.query("begin");
    await holder.query("lock table invoices in access share mode");
    const wayBack = goingBack({ heldMs: 1_500, attempts: 1 });
    await expect(wayBack.goBack(never)).rejects.toThrow(/not through when clients had been held for 1,500 ms; (.*)retire-id were taken forward again/);
    expect(await ask("billing", "select count(*)::int from pg_stat_activity where application_name = 'turnback-rollback'")).toBe(0);
    expect(await asMigrated()).toEqual(MIGRATED);
    await orderInTheNewShape();
    await holder.end();
    await goingBack().goBack(never);
  });

  test("says so when a session doesn't end, and takes a server that doesn't answer to have none", shared, async () => {
    const billing = viewOf(topology, "billing");
    const session = await connect(billing.access("migrator", "migration"), { name: "stuck" });
    const { rows: [backend] } = await session.query<{ pid: number }>("select pg_backend_pid() as pid");
    process.kill(backend!.pid, "SIGSTOP");
    await expect(endSessions(billing, "stuck")).rejects.toThrow(/^timed out after 5 s waiting for the end of the stuck sessions in billing/);
    process.kill(backend!.pid, "SIGCONT");
    await endSessions(billing, "stuck");
    expect(await ask("billing", "select count(*)::int from pg_stat_activity where application_name = 'stuck'")).toBe(0);
    await billing.postgres.kill();
    await endSessions(billing, "stuck");
    await billing.postgres.start();
  });

  test("says so when the two are left apart", shared, async () => {
    await migrate();
    const both = viewsOf(topology).map(({ postgres }) => postgres);
    const wayBack = goingBack({ heldMs: 800, attempts: 2 }, after("retire-id", () => Promise.all(both.map((server) => server.kill()))));
    await expect(wayBack.goBack(never)).rejects.toMatchObject({ code: "left-apart", message: expect.stringContaining("the databases are left apart: retire-id could not be taken forward again") as string });
    for (const server of both) await server.start();
    expect(await asMigrated()).toEqual(["NO", "number"]);
    await goingBack().goBack(never);
  });
});

describe("preflight of several databases", () => {
  const refusals: [string, (drill: Drill, plan: Plan) => void, RegExp][] = [
    ["a step on a database that is not declared", ({ system }) => { system.others = {}; }, /speaks of a database "billing"/],
    ["a way back that knows of one database", (d) => { d.rollback = drillSchema.shape.rollback.parse({ strategy: "pitr" }); }, /"pitr" knows of one database, and this plan changes several/],
    ["a gate", (d) => { d.rollback.gate = drillSchema.shape.rollback.parse({ gate: {} }).gate; }, /rollback.gate: a gate is for a plan that changes one database/],
    ["a second server", ({ migration }) => { migration.volumeSwap = { drainMs: 1 }; }, /another server or volume/],
    ["a fault on a database that is not declared", ({ faults }) => { faults.push({ kind: "kill", on: "postgres", database: "stock", at: { afterMs: 0, during: "migration" }, healAfterMs: 1 }); }, /faults\[0\].database: there is no database "stock"/],
    ["a fault that needs what the first one has alone", ({ faults }) => { faults.push({ kind: "disk-lost", on: "postgres", database: "billing", at: { afterMs: 0, during: "migration" }, healAfterMs: 1 }); }, /can strike the first database alone/],
    ["clients that are held for so long that nothing could be taken forward again", (d) => { d.rollback = drillSchema.shape.rollback.parse({ strategy: "coordinated", heldMs: 9_000, withinMs: 10_000 }); }, /rollback.heldMs: clients may be held for 9000 ms/],
    ["a name that the harness uses itself", ({ system }) => { system.others["replica"] = { path: "x", scale: 1 }; }, /"replica" is what the harness calls a part of its own/],
  ];
  test.for(refusals)("refuses %s", async ([, change, message]) => {
    const changed = structuredClone(await readDrill("scenarios/coordinated/orders-and-billing.drill.ts"));
    const ofIt = await readPlan(changed.migration.plan);
    change(changed, ofIt);
    await expect(preflight(changed, ofIt)).rejects.toThrow(message);
  });

  test("refuses to coordinate one database", async () => {
    const alone = drillSchema.parse(smallDrill({ rollback: { strategy: "coordinated" } }));
    await expect(preflight(alone, await readPlan(alone.migration.plan))).rejects.toThrow(/nothing to coordinate/);
  });
});
