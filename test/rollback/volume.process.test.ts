// A volume swap and the way back: what is compared, and where the server is when something fails.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startClock } from "../../harness/base/clock.ts";
import { drillSchema, type DrillDeclaration } from "../../harness/drill/schema.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { preflight } from "../../harness/conduct/preflight.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { COPY, NEW, OLD, SAME, swap as swapTo, swapVolumes } from "../../harness/migration/volume-swap.ts";
import { createWayBack } from "../../harness/rollback/registry.ts";
import type { WayBack } from "../../harness/rollback/way-back.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import type { Runtime } from "../../harness/topology/runtime.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

const shared = { meta: { sharesServices: true } };
const never = new AbortController().signal;
const SWAPPED: Partial<DrillDeclaration> = { migration: { plan: "fixtures/systems/shop/migrations/analyze", volumeSwap: {} }, rollback: { strategy: "volume-back" } };
const reach = () => Promise.resolve();
const events: RunEvent[] = [];
const record = (event: RunEvent) => { events.push(event); };
let runtime: Runtime;
let topology: Topology;
let wayBack: (bring: boolean) => Promise<WayBack>;

const sql = (text: string) => topology.cluster.asking(topology.postgres, async (client) => (await client.query<unknown[]>({ text, rowMode: "array" })).rows[0]?.[0]);
const swap = () => swapVolumes({ topology, record, reach, signal: never, drainMs: 1_000 });

describe("a volume swap", () => {
  beforeAll(async () => {
    runtime = await openRuntime({ kind: "process", why: "test" }, `volume-${startClock().startMonotonicNs}`);
    const drill = drillSchema.parse(smallDrill(SWAPPED));
    const system = await readSystem(drill.system.path);
    const plan = await readPlan(drill.migration.plan);
    topology = await startTopology({ runtime, drill, system, say: () => undefined, onSecret: () => undefined });
    wayBack = (bring) => Promise.resolve(createWayBack(drillSchema.parse(smallDrill({ ...SWAPPED, rollback: { strategy: "volume-back", bring } })).rollback, { topology, plan, system, record, reach }));
    await sql("create table notes (note text)");
  });
  afterAll(async () => { await runtime[Symbol.asyncDispose](); });

  test("and back brings along what was written on the new volume", shared, async () => {
    await sql("insert into notes values ('before')");
    await swap();
    await sql("insert into notes values ('on the new one')");
    await (await wayBack(true)).goBack(never);
    expect(await sql("select string_agg(note, ', ') from notes")).toBe("before, on the new one");
    expect(events.flatMap((event) => (event.kind === "volume" ? [[event.state, event.bytes > 1e6]] : []))).toEqual([["swapped", true], ["swapped-back", true]]);
    await (await wayBack(true)).tidy(never);
    expect((await topology.postgres.shell(`ls "\${DATA%/*}"`)).trim()).toBe("data");
  });

  test("and back without bringing it along is as it was at the swap", shared, async () => {
    await swap();
    await sql("insert into notes values ('left behind')");
    await (await wayBack(false)).goBack(never);
    expect(await sql("select string_agg(note, ', ') from notes")).toBe("before, on the new one");
    await (await wayBack(false)).tidy(never);
  });

  test("is refused, with the file's name, when a copy is not what it was copied from", shared, async () => {
    const copyWrongly = `rm -rf ${NEW}; cp -a "$DATA" ${NEW}; echo more >> ${NEW}/PG_VERSION; ${SAME(NEW)}; echo the same`;
    await expect(swapTo(topology, { prepare: copyWrongly, aside: OLD, mounted: NEW })).rejects.toThrow(/not the same on both volumes: .\/PG_VERSION/);
    expect(await sql("select count(*)::int from notes"), "it serves from where it was").toBe(2);
  });

  test("to a volume from which the server doesn't start leaves it where it was, with its data", shared, async () => {
    await expect(swapTo(topology, { prepare: `${COPY(NEW)}; rm ${NEW}/global/pg_control`, aside: OLD, mounted: NEW })).rejects.toThrow(/the volumes were not swapped/);
    expect(await sql("select count(*)::int from notes")).toBe(2);
    expect((await topology.postgres.shell(`ls ${NEW}/global/pg_control 2>&1 || true`)), "what doesn't start is aside").toMatch(/No such file/);
  });

  test("that fails leaves the server where it was, and clients let through", shared, async () => {
    events.length = 0;
    await topology.postgres.shell('mkdir "${DATA%/*}/volume-old"; echo in the way > "${DATA%/*}/volume-old/data"');
    await expect(swap()).rejects.toThrow(/the volumes were not swapped/);
    expect(await sql("select count(*)::int from notes")).toBe(2);
    expect(events.flatMap((event) => (event.kind === "traffic" ? [event.state] : []))).toEqual(["closing", "closed", "open"]);
  });
});

describe("preflight of a volume swap", () => {
  test.for<[string, Partial<DrillDeclaration>, RegExp]>([
    ["another way back", { rollback: { strategy: "down" } }, /one goes back by "volume-back"/],
    ["volume-back without it", { migration: { plan: "fixtures/systems/shop/migrations/analyze" } }, /volume-back needs a volume swap/],
    ["a gate", { rollback: { strategy: "volume-back", gate: {} } }, /holds clients itself/],
    ["a replica", { system: { path: "fixtures/systems/shop", postgres: { replica: {} } } }, /a replica can't follow/],
  ])("refuses %s", async ([, over, message]) => {
    const drill = drillSchema.parse(smallDrill({ ...SWAPPED, ...over }));
    await expect(readPlan(drill.migration.plan).then((plan) => preflight(drill, plan))).rejects.toThrow(message);
  });
});
