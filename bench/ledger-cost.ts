// What the ledger costs, and how near the generator comes to pgbench, on one server in one run.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startClock } from "../harness/base/clock.ts";
import { pause } from "../harness/base/deadline.ts";
import { run as execute } from "../harness/base/process.ts";
import { drillSchema } from "../harness/drill/schema.ts";
import { readSystem } from "../harness/drill/parse.ts";
import { Load } from "../harness/load/load.ts";
import { openRuntime } from "../harness/topology/open-runtime.ts";
import { accessUrl, startTopology, type Topology } from "../harness/topology/topology.ts";
import { spread } from "./figures.ts";

const CLIENTS = 32;
const SECONDS = 6;

export async function ledgerCost(rounds = 5): Promise<void> {
  const drill = drillSchema.parse({
    name: "bench", question: "How fast is the generator?", system: { path: "fixtures/systems/shop", scale: 0.05 },
    migration: { plan: "none" }, load: { workload: "bench/workload-insert.ts" }, objectives: { loss: { maxLostWrites: 0 } },
  });
  await using runtime = await openRuntime({ kind: "process", why: "bench" }, `bench-${process.pid}`);
  const topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
  const admin = await topology.observer("bench");
  await admin.query("create table bench (key uuid primary key, v int); grant insert on bench to app; create extension if not exists pgcrypto");
  const rates: Record<"pgbench" | "with" | "without", number[]> = { pgbench: [], with: [], without: [] };
  const hasPgbench = await execute("pgbench", ["--version"]).then(() => true, () => false);
  for (let round = 0; round < rounds; round++) {
    for (const what of ["without", "with", ...(hasPgbench ? (["pgbench"] as const) : [])] as const) {
      await admin.query("truncate bench; checkpoint");
      rates[what].push(what === "pgbench" ? await pgbench(topology) : await k6(topology, what === "with"));
    }
  }
  await admin.end();
  // Ratios of neighbours in time: the machine's mood changes from round to round.
  const ratio = (a: readonly number[], b: readonly number[]) => spread(a.map((value, i) => value / (b[i] ?? Number.NaN)), 3);
  console.log(`  k6 without ledger: ${spread(rates.without)} operations/s (${CLIENTS} clients, one-row INSERT, synchronous commit)`);
  console.log(`  k6 with ledger:    ${spread(rates.with)} operations/s; ${ratio(rates.with, rates.without)} of without (goal: over 0.9)`);
  if (!hasPgbench) return console.log("  pgbench is not installed here: no comparison");
  console.log(`  pgbench -M prepared: ${spread(rates.pgbench)} transactions/s; k6 with ledger reaches ${ratio(rates.with, rates.pgbench)} of it (goal: over 0.5)`);
}

async function k6(topology: Topology, ledger: boolean): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "tb-bench-"));
  const clock = startClock();
  // Far more arrivals than can be served, and endless patience: every client is always busy.
  const load = drillSchema.shape.load.parse({ workload: "bench/workload-insert.ts", arrivalsPerSecond: 50_000, clients: CLIENTS, connections: CLIENTS, timeoutMs: 10_000, patienceMs: 3_600_000 });
  const generator = await Load.start({ load, slowAfterMs: 500, scale: 1, seed: 1, clock, workDirectory: folder, url: accessUrl(topology.access("app", "direct")), ledgerDirectory: ledger ? join(folder, "ledger") : undefined, durationMs: 3_600_000 });
  try {
    await pause(2_000);
    const first = generator.stats;
    await pause(SECONDS * 1_000);
    const last = generator.stats;
    if (!first || !last) throw new Error("the generator published no figures");
    return ((last.counts.committed ?? 0) - (first.counts.committed ?? 0)) / ((last.at - first.at) / 1e9);
  } finally {
    await generator[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

async function pgbench(topology: Topology): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "tb-bench-"));
  try {
    const script = join(folder, "insert.sql");
    await writeFile(script, "insert into bench (key, v) values (gen_random_uuid(), 1);\n");
    const { address, role, password } = topology.access("app", "direct");
    const { stdout } = await execute("pgbench", ["-n", "-M", "prepared", "-c", String(CLIENTS), "-j", "2", "-T", String(SECONDS), "-f", script, "-h", address.host, "-p", String(address.port), "-U", role, "app"], { env: { ...process.env, PGPASSWORD: password } });
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
