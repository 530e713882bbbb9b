// A blue-green migration and its way back: what is passed on, what is copied beside, and where clients are when something fails.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startClock } from "../../harness/base/clock.ts";
import { drillSchema, type DrillDeclaration } from "../../harness/drill/schema.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { follow, switchOver } from "../../harness/migration/blue-green.ts";
import { runForward } from "../../harness/migration/runner.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { preflight } from "../../harness/conduct/preflight.ts";
import { createWayBack } from "../../harness/rollback/registry.ts";
import type { WayBack } from "../../harness/rollback/way-back.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import type { Runtime, Service } from "../../harness/topology/runtime.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

const never = new AbortController().signal;
const BESIDE: Partial<DrillDeclaration> = {
  migration: { plan: "fixtures/systems/shop/migrations/analyze", blueGreen: { upgrade: true } },
  rollback: { strategy: "switch-back", attempts: 1 },
};
let runtime: Runtime;
let topology: Topology;
let wayBack: WayBack;
let migrate: () => Promise<void>;
let events: RunEvent[];

async function ask(server: Service, text: string): Promise<unknown> {
  return topology.cluster.asking(server, async (client) => (await client.query<unknown[]>({ text, rowMode: "array" })).rows[0]?.[0]);
}

/** A client registers, through the proxies, and gives the number that the customer got. */
async function register(ref: string): Promise<number> {
  const client = await connect(topology.access("app", "clients"), { name: "test" });
  try {
    return Number((await client.query<{ id: string }>("insert into customers (ref, name, email) values ($1, 'Ada Lovelace', $2) returning id", [ref, `${ref}@example.com`])).rows[0]?.id);
  } finally {
    await client.end();
  }
}

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const both = () => [topology.blueGreen!.blue, topology.blueGreen!.green] as const;
const linksOn = (server: Service) => ask(server, "select (select count(*) from pg_replication_slots) + (select count(*) from pg_publication) + (select count(*) from pg_subscription where subdbid <> 0)");

describe("a blue-green migration", () => {
  beforeEach(async () => {
    runtime = await openRuntime({ kind: "process", why: "test" }, `blue-green-${startClock().startMonotonicNs}`);
    events = [];
    const drill = drillSchema.parse(smallDrill(BESIDE));
    const system = await readSystem(drill.system.path);
    const plan = await readPlan(drill.migration.plan);
    topology = await startTopology({ runtime, drill, system, say: () => undefined, onSecret: () => undefined });
    const record = (event: RunEvent) => { events.push(event); };
    const reach = () => Promise.resolve();
    wayBack = createWayBack(drill.rollback, { topology, system, plan, record, reach });
    migrate = async () => {
      const told = { record, reach, signal: never };
      const beside = { ...told, topology, declared: drill.migration.blueGreen! };
      await follow(beside);
      const client = await connect(topology.access("migrator", "migration"), { name: "test" });
      try {
        await runForward({ ...told, plan, on: () => Promise.resolve(client) });
      } finally {
        await client.end();
      }
      await switchOver(beside);
    };
  });
  afterEach(async () => { await runtime[Symbol.asyncDispose](); });

  test("switches clients to another major version and back, with every row, the sequences, and nothing left over", async () => {
    const [blue, green] = both();
    expect(Number(await ask(green, "show server_version_num")) - Number(await ask(blue, "show server_version_num"))).toBeGreaterThan(5_000);
    expect(await ask(green, "select count(*)::int from customers")).toBe(0);
    const first = await register(uuid(1));
    await migrate();
    expect(topology.postgres).toBe(green);
    expect(await ask(green, "select count(*)::int from customers")).toBe(await ask(blue, "select count(*)::int from customers"));
    const second = await register(uuid(2));
    expect(second).toBeGreaterThan(first);
    await wayBack.goBack(never);
    expect(topology.postgres).toBe(blue);
    expect(await ask(blue, `select id::int from customers where ref = '${uuid(2)}'`)).toBe(second);
    expect(await register(uuid(3))).toBeGreaterThan(second);
    await wayBack.tidy(never);
    expect(await linksOn(blue)).toBe("0");
    expect(await linksOn(green)).toBe("0");
  });

  test("goes back from a server that is gone, with the sequences behind what had come from it", async () => {
    const [blue, green] = both();
    await migrate();
    const id = await register(uuid(1));
    await topology.blueGreen!.backward.caughtUp(never);
    await green.kill();
    await wayBack.goBack(never);
    expect(await ask(blue, `select id::int from customers where ref = '${uuid(1)}'`)).toBe(id);
    expect(await register(uuid(2))).toBeGreaterThan(id);
    await wayBack.tidy(never);
    expect(await linksOn(blue)).toBe("0");
    // Whoever starts it again, nobody can write to it.
    await green.start();
    expect(await ask(green, "select pg_is_in_recovery()")).toBe(true);
  });

  test("is refused before anything is published for a table whose rows nothing names", async () => {
    for (const server of both()) await ask(server, "create table notes (note text)");
    await expect(migrate()).rejects.toThrow(/nothing names the rows of table notes/);
    expect(topology.blueGreen!.serving).toBe("blue");
    await wayBack.goBack(never);
    await wayBack.tidy(never);
    expect(await linksOn(topology.postgres)).toBe("0");
  });

  test("that fails in the midst of the switch leaves clients where they were, and served", async () => {
    const [blue] = both();
    await ask(blue, "create subscription turnback_blue connection 'host=nowhere' publication nothing with (connect = false)");
    await expect(migrate()).rejects.toThrow(/already exists/);
    expect(topology.postgres).toBe(blue);
    await register(uuid(1));
    expect(await ask(blue, `select count(*)::int from customers where ref = '${uuid(1)}'`)).toBe(1);
    expect(events.flatMap((event) => (event.kind === "traffic" ? [event.state] : []))).toEqual(["closing", "closed", "open"]);
  });

  test("says what blue can't take up, and leaves clients on green, unheld", async () => {
    const [blue, green] = both();
    await migrate();
    await ask(blue, "alter table customers add constraint no_ada check (name <> 'Ada Lovelace') not valid");
    await register(uuid(1));
    await expect(wayBack.goBack(never)).rejects.toThrow(/violates check constraint "no_ada"/);
    expect(topology.postgres).toBe(green);
    await register(uuid(2));
    await wayBack.tidy(never);
    expect(await linksOn(green), "blue may yet be needed").not.toBe("0");
  });
});

describe("preflight of a blue-green migration", () => {
  const refused = async (over: Partial<DrillDeclaration>) => {
    const drill = drillSchema.parse(smallDrill({ ...BESIDE, ...over }));
    return preflight(drill, await readPlan(drill.migration.plan));
  };
  test("accepts the drill that the others differ from", async () => { await refused({}); });
  test.for<[string, Partial<DrillDeclaration>, RegExp]>([
    ["another way back", { rollback: { strategy: "down" } }, /one goes back by "switch-back"/],
    ["switch-back without it", { migration: { plan: "fixtures/systems/shop/migrations/analyze" } }, /switch-back needs a blue-green migration/],
    ["a gate", { rollback: { strategy: "switch-back", gate: {} } }, /holds clients itself/],
    ["a replica", { system: { path: "fixtures/systems/shop", postgres: { replica: {} } } }, /a replica would follow blue alone/],
    ["a fault of the disk", { faults: [{ kind: "disk-full", at: { after: "switch" } }] }, /green's disk/],
  ])("refuses %s", async ([, over, message]) => {
    await expect(refused(over)).rejects.toThrow(message);
  });
});
