// Known outages against stated ones: the system is broken for a known time, and the ledger is judged.

import { writeFileSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startClock, type RunClock } from "../harness/base/clock.ts";
import { pause, waitUntil } from "../harness/base/deadline.ts";
import { ROOT } from "../harness/base/files.ts";
import { drillSchema, type Drill } from "../harness/drill/schema.ts";
import { readSystem } from "../harness/drill/parse.ts";
import { EvidenceDatabase } from "../harness/evidence/database.ts";
import { Samples } from "../harness/judge/samples.ts";
import { assessService } from "../harness/judge/service.ts";
import { Load } from "../harness/load/load.ts";
import { openRuntime } from "../harness/topology/open-runtime.ts";
import { connect } from "../harness/topology/postgres.ts";
import { accessUrl, startTopology, type Topology } from "../harness/topology/topology.ts";
import { quantile } from "./figures.ts";
import { plotCalibration } from "./plot.ts";

export type Kind = "cut" | "pause" | "kill" | "cut, generator stopped";
type Group = { readonly kind: Kind; readonly perSecond: number; /** Length in milliseconds, and how often. */ readonly outages: readonly (readonly [number, number])[] };

/**
 * Twenty minutes; the longest outages are few, for each takes its time. No pause at 2,000 a second: what
 * was due meanwhile takes as long again to work off, which clients wait for, and no known length tells.
 */
const GROUPS: readonly Group[] = [
  { kind: "cut", perSecond: 200, outages: [[50, 16], [100, 16], [300, 14], [1_000, 10], [3_000, 3], [10_000, 1], [30_000, 1]] },
  { kind: "pause", perSecond: 200, outages: [[100, 18], [200, 14], [300, 16], [1_000, 10], [3_000, 3], [10_000, 1], [30_000, 1]] },
  { kind: "kill", perSecond: 200, outages: [[300, 10], [1_000, 8]] },
  { kind: "cut, generator stopped", perSecond: 200, outages: [[1_000, 12]] },
  { kind: "cut", perSecond: 10, outages: [[1_000, 10], [3_000, 4]] },
  { kind: "pause", perSecond: 10, outages: [[1_000, 10], [3_000, 4]] },
  { kind: "cut", perSecond: 2_000, outages: [[50, 10], [300, 10], [1_000, 4]] },
];
/** So that the last outage's end is no part of what the judge takes as usual before the next: two seconds. */
const SETTLE_MS = 3_500;
/** A disk that takes longer for one small write stands still, and an outage meanwhile has not its known length. */
const STILL_MS = 100;
/** Below this a slow answer is no impact: well above what an answer usually takes here, well below the shortest pause. */
const TOLERANCE_MS = 60;

export type Trial = { readonly kind: Kind; readonly perSecond: number; readonly ms: number; readonly trueMs: number; readonly slackMs: number; readonly fromNs: number; readonly toNs: number };
export type Result = Trial & { readonly error: number; readonly stated: number; readonly within: boolean };

export async function calibrate(): Promise<void> {
  const results: Result[] = [];
  let repeated = 0;
  for (const group of GROUPS) {
    const { some, spoiled } = await trialsOf(group);
    results.push(...some);
    repeated += spoiled;
    console.log(line(`${group.kind}, ${group.perSecond}/s`, some));
  }
  const busy = results.filter(({ perSecond }) => perSecond >= 200);
  const table = [
    "| outage | arrivals a second | length | trials | error p50 | error p95 | stated p50 | stated p95 | within the stated uncertainty |", "|---|---|---|---|---|---|---|---|---|",
    ...GROUPS.flatMap(({ kind, perSecond, outages }) => outages.map(([ms]) => row(kind, String(perSecond), `${ms.toLocaleString("en-US")} ms`, results.filter((r) => r.kind === kind && r.perSecond === perSecond && r.ms === ms)))),
    row("**all**", "200 and more", "", busy), row("**all**", "", "", results),
  ].join("\n");
  writeFileSync(join(ROOT, "bench/calibration.svg"), plotCalibration(results));
  writeFileSync(join(ROOT, "bench/calibration.md"), `# The calibration of recovery time

The system is broken for a known time under load, and the recovery that the judge states from the ledger is
compared with that time. Cut: the proxy closes the clients' connections. Pause: the server is frozen, and a slow
answer counts as impact above ${TOLERANCE_MS} ms. Kill: the server is killed and started again; its truth is
when it accepted connections again, polled as fast as it answers. Generator stopped: the load generator itself
is frozen for half of the cut, which must not shorten what is stated (coordinated omission). The truth has slack of its
own, half of the calls that break and mend, which is added to the stated uncertainty. A trial is repeated when a
witness of its own, which writes to the same disk all the time, waited for more than ${STILL_MS} ms for one write: ${repeated} were.

Known to fall short: pauses that last longer than the clients' timeout (2 s). Clients have then given up and must
connect anew, so that their outage is not the server's; how much of the difference that is was not measured.

Made by \`npm run bench:calibrate\`.

${table}

![Error of the stated recovery against the length of the outage](calibration.svg)
`);
  console.log(line("all", results));
  console.log("  written to bench/calibration.md and calibration.svg");
}

async function trialsOf(group: Group): Promise<{ readonly some: Result[]; readonly spoiled: number }> {
  const drill = drillSchema.parse({
    name: "bench", question: "Is the stated outage the true one?", system: { path: "fixtures/systems/shop", scale: 0.05 }, migration: { plan: "none" },
    load: { workload: "bench/workload-insert.ts", arrivalsPerSecond: group.perSecond, clients: 200 },
    steadyState: { windowMs: 500, maxErrorRatio: 0.05, ...(group.kind === "pause" && { maxLatencyMs: TOLERANCE_MS }) }, objectives: { loss: { maxLostWrites: 0 } },
  });
  const folder = await mkdtemp(join(tmpdir(), "tb-bench-"));
  await using runtime = await openRuntime({ kind: "process", why: "bench" }, `bench-${startClock().startMonotonicNs}`);
  try {
    const topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
    const admin = await topology.observer("bench");
    await admin.query("create table bench (key text primary key, v integer); grant insert on bench to app");
    await admin.end();
    const clock = startClock();
    const load = await Load.start({ load: drill.load, slowAfterMs: 500, scale: 0.05, seed: 1, clock, workDirectory: folder, url: accessUrl(topology.access("app", "clients")), ledgerDirectory: join(folder, "ledger") });
    try {
      await pause(3_000);
      const trials: Trial[] = [];
      let spoiled = 0;
      {
        await using disk = await DiskWitness.open(folder, clock);
        for (const [ms, times] of group.outages) {
          for (let i = 0; i < times;) {
            const one = await trial(group, ms, topology, load, clock);
            if (disk.stoodStill(one.fromNs)) {
              spoiled += 1;
              continue;
            }
            trials.push(one);
            i += 1;
          }
        }
      }
      await load.stop(20_000);
      return { some: await assess(folder, trials, drill), spoiled };
    } finally {
      await load[Symbol.asyncDispose]();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Breaks the system for `ms` and says when it was really broken: each end lies between two readings of the clock. */
async function trial({ kind, perSecond }: Group, ms: number, topology: Topology, load: Load, clock: RunClock): Promise<Trial> {
  const { postgres, proxies } = topology;
  const breakIt = { cut: () => proxies.setEnabled("clients", false), pause: () => postgres.pause(), kill: () => postgres.kill(), "cut, generator stopped": () => proxies.setEnabled("clients", false) }[kind];
  const before = clock.nowNs();
  await breakIt();
  const broken = clock.nowNs();
  if (kind === "cut, generator stopped") {
    await pause(ms / 4);
    process.kill(load.pid, "SIGSTOP");
    await pause(ms / 2);
    process.kill(load.pid, "SIGCONT");
    await pause(ms / 4);
  } else await pause(ms);
  let [mending, mended] = [clock.nowNs(), 0];
  if (kind === "kill") {
    const started = postgres.start();
    ({ mending, mended } = await acceptsAgain(topology, clock));
    await started;
  } else {
    await (kind === "pause" ? postgres.resume() : proxies.setEnabled("clients", true));
    mended = clock.nowNs();
  }
  await pause(SETTLE_MS);
  return {
    kind, perSecond, ms, trueMs: ((mended + mending) / 2 - (broken + before) / 2) / 1e6, slackMs: (broken - before + mended - mending) / 2e6,
    fromNs: before - 300e6, toNs: mended + (SETTLE_MS - 200) * 1e6,
  };
}

/** The last attempt that was refused, and the first one that was not. */
async function acceptsAgain(topology: Topology, clock: RunClock): Promise<{ readonly mending: number; readonly mended: number }> {
  let mending = clock.nowNs();
  return waitUntil({
    what: "the server accepts connections again", withinMs: 30_000, everyMs: 1, check: async () => {
      const began = clock.nowNs();
      try {
        const client = await connect(topology.access("app", "direct"), { name: "turnback-bench", timeoutMs: 1_000 });
        const mended = clock.nowNs();
        await client.end();
        return { mending, mended };
      } catch {
        mending = began; // it was still down when this attempt began
        return undefined;
      }
    },
  });
}

/** Writes a little to the disk again and again, and says whether that ever took long. */
class DiskWitness {
  #over = false;
  #lastStillNs = -Infinity;
  #done: Promise<void> = Promise.resolve();

  static async open(folder: string, clock: RunClock): Promise<DiskWitness> {
    const witness = new DiskWitness();
    const file = await open(join(folder, "witness"), "w");
    witness.#done = (async () => {
      for (; !witness.#over; await pause(20)) {
        const began = clock.nowNs();
        await file.write("x".repeat(512), 0);
        await file.datasync();
        if (clock.nowNs() - began > STILL_MS * 1e6) witness.#lastStillNs = clock.nowNs();
      }
      await file.close();
    })();
    return witness;
  }

  /** Whether it did since then. */
  stoodStill(sinceNs: number): boolean {
    return this.#lastStillNs > sinceNs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#done;
  }
}

async function assess(folder: string, trials: readonly Trial[], drill: Drill): Promise<Result[]> {
  await using database = await EvidenceDatabase.open(folder, []);
  const samples = await Samples.read(database);
  return trials.map((one) => {
    const { recovery } = assessService(samples.between(one.fromNs - 2e9, one.toNs), drill.steadyState, one.fromNs);
    const error = recovery.value === null || recovery.atLeast ? Infinity : recovery.value - one.trueMs;
    return { ...one, error, stated: recovery.plusMinus, within: Math.abs(error) <= recovery.plusMinus + one.slackMs };
  });
}

function figures(some: readonly Result[]): readonly [string, string, string, string, string] {
  const show = (value: number) => `${value.toFixed(1)} ms`;
  const errors = some.map(({ error }) => Math.abs(error));
  const stated = some.map((result) => result.stated);
  const within = some.filter((result) => result.within).length;
  return [show(quantile(errors, 0.5)), show(quantile(errors, 0.95)), show(quantile(stated, 0.5)), show(quantile(stated, 0.95)), `${within} of ${some.length} (${((100 * within) / some.length).toFixed(0)} %)`];
}

function row(kind: string, perSecond: string, length: string, some: readonly Result[]): string {
  return `| ${kind} | ${perSecond} | ${length} | ${some.length} | ${figures(some).join(" | ")} |`;
}

function line(name: string, some: readonly Result[]): string {
  const [p50, p95, stated50, stated95, within] = figures(some);
  return `  ${name.padEnd(30)} error ${p50} (p95 ${p95}), stated ${stated50} (p95 ${stated95}), within it ${within}`;
}
