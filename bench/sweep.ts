// What a sweep finds in plans that are wrong at one moment, how long a point takes, and whether several at once say the same as one after the other.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT, exists } from "../harness/base/files.ts";
import { readSystem } from "../harness/drill/parse.ts";
import { PATHS } from "../harness/evidence/run-directory.ts";
import { DockerRuntime } from "../harness/topology/docker-runtime.ts";
import { chooseRuntime } from "../harness/topology/open-runtime.ts";
import { populate, postgresImage, postgresLaunch, TEMPLATE_PASSWORD } from "../harness/topology/postgres.ts";
import { median, spread } from "./figures.ts";

type SweptPoint = { readonly during: string; readonly step: string; readonly at: string; readonly fault: string; readonly verdict: string; readonly missed: readonly string[]; readonly tookMs: number };

/** Drills, what strikes them, and how they go back; what is wrong is in the plan's own comment. */
const PLANS = [
  { drill: "applied-twice", faults: "kill", ways: "down" },
  { drill: "resumed-twice", faults: "kill", ways: "resume" },
  { drill: "invalid-index", faults: "own", ways: "down" },
  { drill: "column-before-trigger", faults: "down@migration", ways: "down" },
  { drill: "lost-in-between", faults: "down@migration", ways: "down" },
] as const;
/** At once: one a core. More are quicker, and too slow a migration is another experiment: races in the plan itself come out otherwise. */
const WORKERS = availableParallelism();

type Swept = { readonly points: readonly SweptPoint[]; readonly seconds: number; readonly prepareMs: readonly number[] };

async function sweepAll({ drill, faults, ways }: (typeof PLANS)[number], workers: number): Promise<Swept> {
  const runs = await mkdtemp(join(tmpdir(), "tb-bench-"));
  try {
    const asked = [join(ROOT, "harness/cli/turnback.ts"), "sweep", drill, "--faults", faults, "--ways", ways, "--runtime", "process", "--workers", String(workers), "--runs", runs, "--budget", "1h", "--json"];
    const began = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, asked, { cwd: ROOT, maxBuffer: 50e6 }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? "" }));
    const seconds = (performance.now() - began) / 1_000;
    return { points: (JSON.parse(stdout) as { points: readonly SweptPoint[] }).points, seconds, prepareMs: await prepareTimes(runs) };
  } finally {
    await rm(runs, { recursive: true, force: true });
  }
}

/** How long the runs that were kept took to have a server with data. */
async function prepareTimes(runs: string): Promise<number[]> {
  const [sweep = ""] = await readdir(runs);
  const points = join(runs, sweep, "points");
  const times = await Promise.all((await readdir(points)).map(async (run) => {
    const file = join(points, run, PATHS.timeline);
    if (!(await exists(file))) return [];
    const events = (await readFile(file, "utf8")).trim().split("\n").map((line) => JSON.parse(line) as { t: number; kind: string; phase?: string; state?: string });
    const at = (state: string) => events.find((event) => event.kind === "phase" && event.phase === "prepare" && event.state === state)?.t ?? Number.NaN;
    return [(at("ended") - at("started")) / 1e6];
  }));
  return times.flat();
}

export async function sweep(): Promise<void> {
  const all = { one: [] as number[], many: [] as number[], prepare: [] as number[], oneSeconds: 0, manySeconds: 0, differ: 0 };
  for (const plan of PLANS) {
    const one = await sweepAll(plan, 1);
    const many = await sweepAll(plan, WORKERS);
    const missed = one.points.filter(({ verdict }) => verdict === "missed");
    const unknown = one.points.filter(({ verdict }) => verdict === "unknown").length;
    const first = one.points.findIndex(({ verdict }) => verdict === "missed");
    console.log(`  ${plan.drill}, ${plan.faults}, back by ${plan.ways}: ${missed.length} of ${one.points.length} points missed, ${unknown} unknown${first < 0 ? "; not found" : `; found by point ${first + 1}: ${missed[0]?.during}, ${missed[0]?.step}, ${missed[0]?.at}: ${missed[0]?.missed.join(", ")}`}`);
    const verdicts = new Map(many.points.map((point) => [nameOf(point), point.verdict]));
    const differ = one.points.filter((point) => verdicts.get(nameOf(point)) !== point.verdict);
    for (const point of differ) console.log(`    ${nameOf(point)}: ${point.verdict} alone, ${verdicts.get(nameOf(point))} beside others`);
    all.differ += differ.length;
    all.one.push(...one.points.map(({ tookMs }) => tookMs / 1_000));
    all.many.push(...many.points.map(({ tookMs }) => tookMs / 1_000));
    all.prepare.push(...one.prepareMs.map((ms) => ms / 1_000));
    all.oneSeconds += one.seconds;
    all.manySeconds += many.seconds;
  }
  const n = all.one.length;
  console.log(`  a point, from the prepared data to its judged and sealed run: ${spread(all.one, 1)} s alone, ${spread(all.many, 1)} s beside ${WORKERS - 1} more`);
  console.log(`  from command to page, a point: ${(all.oneSeconds / n).toFixed(2)} s (${((60 * n) / all.oneSeconds).toFixed(0)} a minute) one after the other, ${(all.manySeconds / n).toFixed(2)} s (${((60 * n) / all.manySeconds).toFixed(0)} a minute) with ${WORKERS} workers`);
  console.log(`  verdicts that differ between the two: ${all.differ} of ${n}`);
  await besideFresh(median(all.one), median(all.prepare), all.manySeconds / n);
}

const nameOf = ({ during, step, at, fault }: SweptPoint) => `${fault} ${during}, ${step}, ${at}`;

/** What a point takes whose server begins in a fresh container with a fresh initdb, schema and seed; the rest as ours. */
async function besideFresh(pointS: number, prepareS: number, oursS: number): Promise<void> {
  if ((await chooseRuntime("auto")).kind !== "docker") return console.log("  beside a fresh container: not measured, as no Docker engine answers here");
  const system = await readSystem("fixtures/systems/shop");
  const fresh: number[] = [];
  for (let i = 0; i < 5; i++) {
    await using runtime = await DockerRuntime.open(`bench-fresh-${i}`, "measured");
    const began = performance.now();
    const server = await runtime.start({ ...postgresLaunch({ dataDirectory: "", image: postgresImage("usual"), port: 0, settings: {}, readyWithinMs: 120_000, password: () => TEMPLATE_PASSWORD }), name: "fresh" });
    await populate(server.address("sql"), { system, scale: 0.02 });
    fresh.push((performance.now() - began) / 1_000);
  }
  const naive = pointS - prepareS + median(fresh);
  console.log(`  a fresh container, initdb, schema and seed: ${spread(fresh, 1)} s; prepared data: ${prepareS.toFixed(2)} s`);
  console.log(`  so a point with those, and all else as ours: ${naive.toFixed(1)} s, ${(naive / pointS).toFixed(1)} times ours alone, ${(naive / oursS).toFixed(1)} times ours with ${WORKERS} workers`);
}
