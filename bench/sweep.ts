// What a sweep finds in plans that are wrong at one moment, how long a point takes, and whether several at once say the same as one after the other.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT, exists } from "../harness/base/files.ts";
import { newSecret } from "../harness/base/random.ts";
import { usualWorkers } from "../harness/cli/room.ts";
import { readSystem } from "../harness/drill/parse.ts";
import { drillSchema } from "../harness/drill/schema.ts";
import { PATHS } from "../harness/evidence/run-directory.ts";
import { DockerRuntime } from "../harness/topology/docker-runtime.ts";
import { chooseRuntime } from "../harness/topology/open-runtime.ts";
import { populate, postgresImage, passwordSql, postgresLaunch } from "../harness/topology/postgres.ts";
import { postgresFor } from "../harness/topology/prepared.ts";
import type { RuntimeKind } from "../harness/topology/runtime.ts";
import { median, spread } from "./figures.ts";

type SweptPoint = { readonly during: string; readonly step: string; readonly at: string; readonly fault: string; readonly verdict: string; readonly missed: readonly string[]; readonly tookMs: number };

/** Drills, what strikes them, and how they go back; what is wrong is in the plan's own comment. */
const PLANS = [
  { drill: "applied-twice", faults: "kill,down@migration,down@clients", ways: "down" }, // the largest: starting counts for less
  { drill: "resumed-twice", faults: "kill", ways: "resume" },
  { drill: "invalid-index", faults: "own", ways: "down" },
  { drill: "column-before-trigger", faults: "down@migration", ways: "down" },
  { drill: "lost-in-between", faults: "down@migration", ways: "down" },
] as const;
/** At once, as `turnback sweep` has it: a point waits more than half of its time. */
const WORKERS = usualWorkers(2);

type Swept = { readonly points: readonly SweptPoint[]; readonly seconds: number; readonly prepareMs: readonly number[] };

type Asked = { readonly drill: string; readonly faults: string; readonly ways: string };

async function sweepAll({ drill, faults, ways }: Asked, workers: number, runtime: RuntimeKind = "process"): Promise<Swept> {
  const runs = await mkdtemp(join(tmpdir(), "tb-bench-"));
  try {
    const asked = [join(ROOT, "harness/cli/turnback.ts"), "sweep", drill, "--faults", faults, "--ways", ways, "--runtime", runtime, "--workers", String(workers), "--runs", runs, "--repeat", "0", "--budget", "1h", "--json"];
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
  const [one, again, many]: [Swept[], Swept[], Swept[]] = [[], [], []];
  for (const plan of PLANS) {
    one.push(await sweepAll(plan, 1));
    again.push(await sweepAll(plan, 1));
    many.push(await sweepAll(plan, WORKERS));
    tellFound(plan, one.at(-1) as Swept);
    for (const [others, how] of [[again, "when repeated"], [many, `with ${WORKERS} workers`]] as const) {
      for (const { point, verdict } of differing(one.at(-1) as Swept, others.at(-1) as Swept)) console.log(`    ${nameOf(point)}: ${point.verdict} first, ${verdict} ${how}`);
    }
  }
  const took = (some: readonly Swept[]) => some.flatMap(({ points }) => points.map(({ tookMs }) => tookMs / 1_000));
  const n = took(one).length;
  const aPoint = (some: readonly Swept[]) => some.reduce((sum, { seconds }) => sum + seconds, 0) / took(some).length;
  const rate = (some: readonly Swept[]) => `${aPoint(some).toFixed(2)} s (${(60 / aPoint(some)).toFixed(0)} a minute)`;
  const differ = (others: readonly Swept[]) => one.reduce((sum, swept, i) => sum + differing(swept, others[i] as Swept).length, 0);
  const largest = { one: one.slice(0, 1), many: many.slice(0, 1) };
  console.log(`  a point, from the prepared data to its judged and sealed run: ${spread(took(one), 1)} s alone, ${spread(took(many), 1)} s beside ${WORKERS - 1} more`);
  console.log(`  from command to page, a point of the largest: ${rate(largest.one)} one after the other, ${rate(largest.many)} with ${WORKERS} workers; of all ${n}: ${rate(one)}, and ${rate(many)}`);
  console.log(`  verdicts that differ: ${differ(again)} of ${n} when the sweep is repeated one after the other, ${differ(many)} of ${n} with ${WORKERS} workers`);
  await besideFresh(median(took(one)), median(one.flatMap(({ prepareMs }) => prepareMs)) / 1_000, aPoint(largest.one), aPoint(largest.many));
}

function tellFound({ drill, faults, ways }: Asked, { points }: Swept): void {
  const missed = points.filter(({ verdict }) => verdict === "missed");
  const unknown = points.filter(({ verdict }) => verdict === "unknown").length;
  const first = points.findIndex(({ verdict }) => verdict === "missed");
  console.log(`  ${drill}, ${faults}, back by ${ways}: ${missed.length} of ${points.length} points missed, ${unknown} unknown${first < 0 ? "; not found" : `; found by point ${first + 1}: ${missed[0]?.during}, ${missed[0]?.step}, ${missed[0]?.at}: ${missed[0]?.missed.join(", ")}`}`);
}

const nameOf = ({ during, step, at, fault }: SweptPoint) => `${fault} ${during}, ${step}, ${at}`;

function differing(swept: Swept, other: Swept): { readonly point: SweptPoint; readonly verdict: string | undefined }[] {
  const verdicts = new Map(other.points.map((point) => [nameOf(point), point.verdict]));
  return swept.points.map((point) => ({ point, verdict: verdicts.get(nameOf(point)) })).filter(({ point, verdict }) => verdict !== point.verdict);
}

/**
 * What a point takes whose server begins in a fresh container with a fresh initdb, schema and seed: with all else as ours, and
 * with all else in fresh containers, too, as anybody has it who starts from none of this.
 */
async function besideFresh(pointS: number, prepareS: number, aloneS: number, oursS: number): Promise<void> {
  if ((await chooseRuntime("auto")).kind !== "docker") return console.log("  beside a fresh container: not measured, as no Docker engine answers here");
  const system = await readSystem("fixtures/systems/shop");
  const [fresh, prepared]: [number[], number[]] = [[], []];
  const passwords = { turnback: newSecret(), migrator: newSecret(), app: newSecret(), turnback_reader: newSecret() };
  const launch = { ...postgresLaunch({ dataDirectory: "", image: postgresImage("usual"), port: 0, settings: {}, readyWithinMs: 120_000, password: passwords.turnback, first: passwordSql({ turnback: passwords.turnback }) }), name: "fresh" };
  for (let i = 0; i < 5; i++) {
    await using runtime = await DockerRuntime.open(`bench-fresh-${i}`, "measured");
    let began = performance.now();
    const server = await runtime.start(launch);
    await populate(server.address("sql"), { system, scale: 0.02 }, passwords.turnback);
    fresh.push((performance.now() - began) / 1_000);
    began = performance.now();
    await postgresFor({ runtime, contents: { system, scale: 0.02 }, postgres: drillSchema.shape.system.parse({ path: "fixtures/systems/shop" }).postgres, passwords, say: () => undefined });
    prepared.push((performance.now() - began) / 1_000);
  }
  const asOurs = pointS - prepareS + median(fresh);
  console.log(`  a fresh container, initdb, schema and seed: ${spread(fresh, 1)} s; a container with prepared data: ${spread(prepared.slice(1), 1)} s; a process with prepared data: ${prepareS.toFixed(2)} s`);
  console.log(`  so a point with the first, and all else as ours: ${asOurs.toFixed(1)} s, ${(asOurs / aloneS).toFixed(1)} times ours one after the other, ${(asOurs / oursS).toFixed(1)} times ours with ${WORKERS} workers`);
  const { points, seconds } = await sweepAll({ ...PLANS[0], faults: "kill" }, 1, "docker");
  const contained = seconds / points.length + median(fresh) - median(prepared.slice(1));
  console.log(`  and with all else in containers, too (${points.length} points): ${contained.toFixed(1)} s, ${(contained / aloneS).toFixed(1)} times ours one after the other, ${(contained / oursS).toFixed(1)} times ours with ${WORKERS} workers`);
}
