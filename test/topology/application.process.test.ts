// The system's own application: deployed without a refused request, stopped without a session left, reconciled after a restore.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type pg from "pg";
import { pause, waitUntil } from "../../harness/base/deadline.ts";
import { readApplication, readSystem } from "../../harness/drill/parse.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import type { Application } from "../../harness/topology/application.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import type { Runtime } from "../../harness/topology/runtime.ts";
import { startTopology, viewOf, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

const shared = { meta: { sharesServices: true } };
let runtime: Runtime;
let topology: Topology;
let application: Application;
let shop: pg.Client;
let invoices: pg.Client;

const instances = () => JSON.parse(readFileSync(application.instancesFile, "utf8")) as string[];
const order = (ref: string) => fetch(`${instances()[0]}/orders`, { method: "POST", redirect: "manual", body: new URLSearchParams({ ref, customer: CUSTOMER, product: "1", quantity: "2" }) });
const valid = async () => (await invoices.query<{ ref: string }>("select order_ref::text as ref from invoices where cancelled_at is null order by 1")).rows.map(({ ref }) => ref);
let CUSTOMER = "";

describe("the application", () => {
  beforeAll(async () => {
    const path = "fixtures/systems/shop/application";
    const drill = drillSchema.parse(smallDrill({ system: { path: "fixtures/systems/shop", scale: 0.05, others: { invoices: { path: "fixtures/systems/invoices" } } }, application: { path } }));
    runtime = await openRuntime({ kind: "process", why: "test" }, "application");
    topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), others: { invoices: await readSystem("fixtures/systems/invoices") }, application: await readApplication(path), say: () => undefined, onSecret: () => undefined });
    application = topology.application!;
    shop = await topology.observer("test");
    invoices = await viewOf(topology, "invoices").observer("test");
    CUSTOMER = (await shop.query<{ ref: string }>("select ref::text from customers where id = 1")).rows[0]!.ref;
  });
  afterAll(async () => {
    await shop.end();
    await invoices.end();
    await runtime[Symbol.asyncDispose]();
  });

  test("is deployed while it serves, and nobody is refused", shared, async () => {
    const seen = new Set<string>();
    let asking = true;
    const asked = (async () => {
      for (let turn = 0; asking; turn++) {
        const urls = instances();
        const response = await fetch(`${urls[turn % urls.length]}/healthz`, { headers: { connection: "close" } });
        seen.add(((await response.json()) as { version: string }).version);
      }
    })();
    await pause(100);
    await application.deploy("tolerant");
    expect(await application.observedVersions()).toEqual(["tolerant", "tolerant"]);
    await application.deploy("v1", 1);
    expect(await application.observedVersions()).toEqual(["v1", "tolerant"]);
    await pause(100);
    asking = false;
    await asked; // a refused request would have thrown
    expect([...seen].sort()).toEqual(["tolerant", "v1"]);
    const states = await Promise.all(application.services.map(async (service) => (await service.observe()).state));
    expect(states.filter((state) => state === "stopped"), "the first two, and one of the next").toHaveLength(3);
  });

  test("that is deployed by two at the same time is in the end what the last one says, and nothing else runs", shared, async () => {
    await Promise.all([application.deploy("v1"), application.deploy("tolerant", 1), application.change((now) => now.map((version) => (version === "tolerant" ? "v1" : "tolerant")))]);
    expect(await application.observedVersions()).toEqual(["v1", "tolerant"]);
    const states = await Promise.all(application.services.map(async (service) => (await service.observe()).state));
    expect(states.filter((state) => state === "running"), "two instances and a worker").toHaveLength(3);
  });

  test("that never gets ready is not deployed to anybody", shared, async () => {
    const before = instances();
    await expect(application.deploy("v9")).rejects.toThrow(/ended while it was starting/);
    expect(instances()).toEqual(before);
    expect(await application.observedVersions()).toEqual(["v1", "tolerant"]);
  });

  test("says 503 only where nothing was done: the new version asks for columns that aren't there", shared, async () => {
    await application.deploy("v2", 1);
    const response = await fetch(`${instances()[0]}/customers/${CUSTOMER}/name`, { method: "POST", redirect: "manual", body: new URLSearchParams({ first: "Ada", last: "Nobody" }) });
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining("Nothing was done")]);
    expect((await shop.query("select 1 from customers where name like '%Nobody'")).rowCount).toBe(0);
    await application.deploy("v1");
    expect((await fetch(`${instances()[0]}/orders/${crypto.randomUUID()}`)).status).toBe(404);
  });

  test("tells the other system of each order once, and takes back what was told of those that are gone", shared, async () => {
    const [kept, gone] = [crypto.randomUUID(), crypto.randomUUID()];
    expect([(await order(kept)).status, (await order(gone)).status]).toEqual([303, 303]);
    await waitUntil({ what: "two invoices", withinMs: 10_000, check: async () => ((await valid()).length === 2 ? true : undefined) });
    // As after a restore: one order never was, and nobody knows that the other one's invoice is there.
    await shop.query("delete from order_lines where order_id = (select id from orders where ref = $1)", [gone]);
    await shop.query("delete from orders where ref = $1", [gone]);
    await shop.query("delete from outbox where ref = $1", [gone]);
    await shop.query("update outbox set told_at = null");
    expect(await application.reconcile()).toBe("1 invoices cancelled, 0 orders to be told of again");
    await waitUntil({ what: "the outbox empty", withinMs: 10_000, check: async () => ((await shop.query("select 1 from outbox where told_at is null")).rowCount === 0 ? true : undefined) });
    expect(await valid()).toEqual([kept]);
    // And the other way round: the invoice is lost, and is made again.
    await invoices.query("delete from invoices");
    expect(await application.reconcile()).toBe("0 invoices cancelled, 1 orders to be told of again");
    await waitUntil({ what: "the invoice again", withinMs: 10_000, check: async () => ((await valid()).join() === kept ? true : undefined) });
  });

  test("is deployed anew where it has crashed", shared, async () => {
    for (const service of application.services) if ((await service.observe()).state === "running") await service.kill();
    await expect(fetch(`${instances()[0]}/healthz`)).rejects.toThrow("fetch failed");
    await application.deploy("tolerant");
    expect(await application.observedVersions()).toEqual(["tolerant", "tolerant"]);
    await application.deploy("v1");
  });

  test("is stopped without a session left, and comes again in the versions that it had", shared, async () => {
    await application.deploy("tolerant", 1);
    const { versions } = application;
    await application.stop();
    expect(instances()).toEqual([]);
    expect((await shop.query("select 1 from pg_stat_activity where usename = 'app'")).rowCount).toBe(0);
    await application.startAgain(versions);
    expect(await application.observedVersions()).toEqual(["tolerant", "v1"]);
  });
});
