// Known outages against stated ones: the proxy is cut for a known time, and the ledger is judged.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startClock } from "../harness/base/clock.ts";
import { pause } from "../harness/base/deadline.ts";
import { drillSchema } from "../harness/drill/schema.ts";
import { readSystem } from "../harness/drill/parse.ts";
import { EvidenceDatabase } from "../harness/evidence/database.ts";
import { assessService, readSamples } from "../harness/judge/service.ts";
import { Load } from "../harness/load/load.ts";
import { openRuntime } from "../harness/topology/open-runtime.ts";
import { accessUrl, startTopology } from "../harness/topology/topology.ts";
import { quantile } from "./figures.ts";

/** Length of the cut in milliseconds, and how often. */
const CUTS: readonly (readonly [number, number])[] = [[100, 24], [300, 16], [1_000, 10], [3_000, 6], [10_000, 2]];
const SETTLE_MS = 1_400;

type Trial = { readonly fromNs: number; readonly toNs: number; readonly trueMs: number; readonly slackMs: number };

export async function calibrate(): Promise<void> {
  const drill = drillSchema.parse({
    name: "bench", question: "Is the stated outage the true one?", system: { path: "fixtures/systems/shop", scale: 0.05 }, migration: { plan: "none" },
    load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 200 }, steadyState: { windowMs: 500 }, objectives: { loss: { maxLostWrites: 0 } },
  });
  const folder = await mkdtemp(join(tmpdir(), "tb-bench-"));
  await using runtime = await openRuntime({ kind: "process", why: "bench" }, `bench-${process.pid}`);
  const topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
  const clock = startClock();
  const load = await Load.start({ load: drill.load, scale: 0.05, seed: 1, clock, workDirectory: folder, url: accessUrl(topology.access("app", "clients")), ledgerDirectory: join(folder, "ledger") });
  const trials: Trial[] = [];
  try {
    await pause(3_000);
    for (const [ms, times] of CUTS) {
      for (let i = 0; i < times; i++) {
        const start = clock.nowNs();
        await topology.proxies.setEnabled("clients", false);
        const cut = clock.nowNs();
        await pause(ms);
        const mending = clock.nowNs();
        await topology.proxies.setEnabled("clients", true);
        const mended = clock.nowNs();
        // Within a request the proxy changed at some moment: half of both requests is the truth's own slack.
        trials.push({ fromNs: start - 500e6, toNs: mended + (SETTLE_MS - 200) * 1e6, trueMs: ((mended + mending) / 2 - (cut + start) / 2) / 1e6, slackMs: (cut - start + mended - mending) / 2e6 });
        await pause(SETTLE_MS);
      }
    }
    await load.stop(20_000);
    await report(folder, trials, drill.steadyState);
  } finally {
    await load[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

async function report(folder: string, trials: readonly Trial[], steady: ReturnType<typeof drillSchema.parse>["steadyState"]): Promise<void> {
  await using database = await EvidenceDatabase.open(folder, []);
  const samples = await readSamples(database);
  const results = trials.map((trial) => {
    const { recovery, unavailable } = assessService(samples.filter(({ due }) => due >= trial.fromNs - 2e9 && due <= trial.toNs), steady, trial.fromNs);
    return { trial, recovery: { error: Math.abs((recovery.value ?? Infinity) - trial.trueMs), stated: recovery.plusMinus }, outage: { error: Math.abs((unavailable.value ?? Infinity) - trial.trueMs), stated: unavailable.plusMinus } };
  });
  console.log("  cut       figure    trials  error p50  error p95  stated p50  stated p95  within stated (truth's slack added)");
  for (const figure of ["recovery", "outage"] as const) {
    for (const [ms] of [...CUTS, [0, 0] as const]) {
      const of = results.filter(({ trial }) => ms === 0 || Math.abs(trial.trueMs - ms) < ms * 0.4);
      const errors = of.map((result) => result[figure].error);
      const stated = of.map((result) => result[figure].stated);
      const within = of.filter((result) => result[figure].error <= result[figure].stated + result.trial.slackMs).length;
      const show = (value: number) => `${value.toFixed(1)} ms`.padEnd(11);
      console.log(`  ${(ms === 0 ? "all" : `${ms} ms`).padEnd(9)} ${figure.padEnd(9)} ${String(of.length).padEnd(7)} ${show(quantile(errors, 0.5))}${show(quantile(errors, 0.95))}${show(quantile(stated, 0.5))} ${show(quantile(stated, 0.95))} ${within}/${of.length} = ${((100 * within) / of.length).toFixed(0)} %`);
    }
  }
}
