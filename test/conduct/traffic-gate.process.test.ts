// What clients meet at the gate, each way that a drill can declare: on a live server, with clients of the test's own.

import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startClock } from "../../harness/base/clock.ts";
import { answersInTime, TrafficGate } from "../../harness/conduct/traffic-gate.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { drillSchema, gateSchema, type Gate } from "../../harness/drill/schema.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import { connect } from "../../harness/topology/postgres.ts";
import type { Runtime } from "../../harness/topology/runtime.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

let runtime: Runtime;
let topology: Topology;
const never = new AbortController().signal;
const shared = { meta: { sharesServices: true } };

beforeAll(async () => {
  const drill = drillSchema.parse(smallDrill({ rollback: { decide: { on: "completion" }, gate: { clients: "held" } } }));
  runtime = await openRuntime({ kind: "process", why: "test" }, `gate-${startClock().startMonotonicNs}`);
  topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
});
afterAll(async () => { await runtime[Symbol.asyncDispose](); });

const client = () => connect(topology.access("app", "clients"), { name: "test" });

function gateFor(declared: Partial<Gate>, answers: () => Promise<boolean> = () => Promise.resolve(true)): { readonly gate: TrafficGate; readonly events: RunEvent[]; readonly details: () => string[] } {
  const events: RunEvent[] = [];
  return { gate: new TrafficGate(gateSchema.parse(declared), topology, (event) => { events.push(event); }, answers), events, details: () => events.flatMap((event) => (event.kind === "traffic" ? [`${event.state}: ${event.detail}`] : [])) };
}

/** Whether something is still going on a moment later. */
async function waits(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => false, () => false), sleep(200, true)]);
}

async function inTransaction(): Promise<pg.Client> {
  const open = await client();
  await open.query("begin");
  await open.query("select 1");
  return open;
}

describe("the traffic gate", () => {
  test("held: open transactions end, and who begins one waits and is then served", shared, async () => {
    const { gate, details } = gateFor({ clients: "held" });
    const [busy, idle] = [await inTransaction(), await client()];
    const closing = gate.closeFor("way-back", never);
    expect(await waits(closing), "closed while a transaction was open").toBe(true);
    await busy.query("commit");
    await closing;
    const asked = idle.query("select 42 as answer");
    const arriving = client();
    expect(await waits(asked), "served while it is to be held").toBe(true);
    expect(await waits(arriving), "connected while it is to be held").toBe(true);
    await gate.open(never);
    expect((await asked).rows).toEqual([{ answer: 42 }]);
    for (const one of [busy, idle, await arriving]) await one.end();
    expect(details()).toEqual(["closing: clients are held, for the way-back", "closed: all transactions under way have ended; no transaction of a client is left", "open: all clients are let through again"]);
  });

  test.for(["held", "drained"] as const)("%s: a transaction that won't end is cut off", shared, async (clients) => {
    const { gate, details } = gateFor({ clients, drainMs: 100 });
    const busy = await inTransaction();
    await gate.closeFor("way-back", never);
    await expect(busy.query("commit")).rejects.toThrow();
    await gate.open(never);
    expect(details()[1]).toMatch(/^closed: 1 transaction was cut off after 100 ms; no (backend|transaction) of a client is left$/);
  });

  test("drained: connections end between transactions, and nobody gets in", shared, async () => {
    const { gate } = gateFor({ clients: "drained" });
    const [busy, idle] = [await inTransaction(), await client()];
    const closing = gate.closeFor("way-back", never);
    await expect.poll(() => idle.query("select 1").then(() => "served", () => "ended")).toBe("ended");
    await busy.query("commit");
    await closing;
    await expect(client()).rejects.toThrow();
    await gate.open(never);
    const back = await client();
    expect((await back.query("select 1")).rowCount).toBe(1);
    await back.end();
  });

  test("limited: one transaction at a time where that is declared", shared, async () => {
    const { gate } = gateFor({ clients: "limited", transactions: 1 });
    const [first, second] = [await client(), await client()];
    await gate.closeFor("way-back", never);
    await first.query("begin");
    const asked = second.query("select 1");
    expect(await waits(asked)).toBe(true);
    await first.query("commit");
    expect((await asked).rowCount).toBe(1);
    await gate.open(never);
    await Promise.all([first.query("begin"), second.query("begin")]);
    await Promise.all([first.end(), second.end()]);
  });

  test("a staged return lets in ever more, and waits while the server doesn't answer in time", shared, async () => {
    let looks = 0;
    const { gate, details } = gateFor({ clients: "refused", returnMs: 70 }, () => Promise.resolve(++looks > 3));
    await gate.closeFor("way-back", never);
    await expect(client()).rejects.toThrow();
    await gate.open(never);
    expect(details().filter((detail) => detail.startsWith("returning"))).toEqual([1, 2, 4, 8, 16, 32, 64].map((n) => `returning: ${n} transaction${n === 1 ? "" : "s"} at once`));
    expect(looks, "it looked again while there was no answer").toBe(3 + 7);
  });

  test("whether the server answers in time is asked around the gate", shared, async () => {
    const { gate } = gateFor({ clients: "refused" });
    await gate.closeFor("way-back", never);
    expect(await answersInTime(topology, "select 1", 2_000)).toBe(true);
    expect(await answersInTime(topology, "select pg_sleep(1)", 100)).toBe(false);
    expect(await answersInTime(topology, "select nonsense", 2_000)).toBe(false);
    await gate.open(never);
  });

  test("a gate for another moment, or none, does nothing", shared, async () => {
    const { gate, events } = gateFor({ closes: "migration", clients: "held" });
    await gate.closeFor("way-back", never);
    await gate.open(never);
    expect(events).toEqual([]);
  });
});
