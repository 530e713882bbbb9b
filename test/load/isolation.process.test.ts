// PostgreSQL's own levels under the list workload: each keeps what it promises, and no more.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { join } from "node:path";
import { startClock } from "../../harness/base/clock.ts";
import { waitUntil } from "../../harness/base/deadline.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { drillSchema, type DrillDeclaration } from "../../harness/drill/schema.ts";
import { checkIsolation } from "../../harness/judge/isolation/check.ts";
import { historyOfRun } from "../../harness/judge/isolation/from-ledger.ts";
import type { Model } from "../../harness/judge/isolation/model.ts";
import { EvidenceDatabase } from "../../harness/evidence/database.ts";
import { Load } from "../../harness/load/load.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import { accessUrl, startTopology, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill, temporaryFolder } from "../support/drills.ts";

const WORKLOAD: DrillDeclaration["load"] = { workload: "fixtures/systems/registers/workload/lists.ts", arrivalsPerSecond: 90, clients: 40, connections: 40 };
let topology: Topology;
let close: () => Promise<void>;
beforeAll(async () => {
  const runtime = await openRuntime({ kind: "process", why: "test" }, `isolation-${startClock().startMonotonicNs}`);
  close = async () => { await runtime[Symbol.asyncDispose](); };
  const drill = drillSchema.parse(smallDrill({ system: { path: "fixtures/systems/registers" }, load: WORKLOAD }));
  topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
});
afterAll(async () => { await close(); });

describe("the levels of PostgreSQL", () => {
  test.for<readonly ["read committed" | "repeatable read" | "serializable", Model, Model | undefined]>([
    ["read committed", "read-committed", "snapshot-isolation"],
    ["repeatable read", "snapshot-isolation", "serializable"],
    ["serializable", "serializable", undefined],
  ])("%s keeps %s, and breaks %s", { meta: { sharesServices: true } }, async ([isolation, keeps, breaks]) => {
    await using folder = await temporaryFolder();
    const admin = await topology.observer("test");
    await admin.query("update registers set items = '{}'");
    const load = drillSchema.shape.load.parse({ ...WORKLOAD, isolation });
    const generator = await Load.start({ load, slowAfterMs: 500, scale: 1, seed: 7, clock: startClock(), workDirectory: folder.path, url: accessUrl(topology.access("app", "clients")), ledgerDirectory: join(folder.path, "ledger") });
    await waitUntil({ what: "transactions", withinMs: 60_000, everyMs: 100, check: () => ((generator.stats?.counts.committed ?? 0) > 400 ? true : undefined) });
    await generator.stop(20_000);
    await admin.end();
    await using database = await EvidenceDatabase.open(folder.path, []);
    const history = await historyOfRun(database);
    if (!history) throw new Error("there is no history");
    const kept = checkIsolation(history, keeps);
    expect(kept.valid, JSON.stringify([...kept.counts])).toBe(true);
    expect(kept.transactions.ok).toBeGreaterThan(400);
    if (breaks) expect(checkIsolation(history, breaks).valid).toBe(false);
  });
});
