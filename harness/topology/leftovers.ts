// The record of what a run has started, so that what a killed harness leaves can be found and removed.

import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ROOT, exists } from "../base/files.ts";
import { allPids, inspect, killTree, ownIdentity, run, signal, stillRuns, type ProcessIdentity } from "../base/process.ts";
import { here, partialOf, whyElsewhere, type Place } from "../base/owner.ts";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { waitUntil } from "../base/deadline.ts";
import { fuseMountsBelow, unmountBelow } from "./faulty-disk.ts";
import { removeRules, rulesOf } from "./packet-filter.ts";

/** Every container, network and volume of ours carries this label, with the run's name. */
export const RUN_LABEL = "turnback.run";
const RECORDS = join(ROOT, ".cache", "live");

type LiveRecord = {
  readonly run: string;
  readonly harness: ProcessIdentity;
  readonly workDirectory: string;
  readonly runtime: "docker" | "process";
  readonly pids: ProcessIdentity[];
  /** Where these process ids mean something: a boot of a machine, and a namespace of it. */
  readonly place: Place;
};

const identity = z.object({ pid: z.number().int().positive(), startTicks: z.number() });
const recordForm = z.object({
  run: z.string(), harness: identity, workDirectory: z.string().startsWith("/"), runtime: z.enum(["docker", "process"]), pids: z.array(identity),
  place: z.object({ host: z.string(), boot: z.string(), namespace: z.string() }),
});

/** Written before the first thing is started; removed when everything is down again. */
export class LiveRun {
  readonly #file: string;
  readonly #record: LiveRecord;

  constructor(file: string, record: LiveRecord) {
    this.#file = file;
    this.#record = record;
    this.#save();
  }

  static async open(run: string, workDirectory: string, runtime: "docker" | "process", records = RECORDS): Promise<LiveRun> {
    await mkdir(records, { recursive: true, mode: 0o700 });
    return new LiveRun(join(records, `${run}.json`), {
      run, workDirectory, runtime, pids: [],
      harness: ownIdentity(), place: here(),
    });
  }

  addProcess(pid: number): void {
    this.#record.pids.push({ pid, startTicks: inspect(pid)?.startTicks ?? 0 });
    this.#save();
  }

  async close(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  /** Beside it and renamed: a record that is cut short would hide what runs. */
  #save(): void {
    const beside = partialOf(this.#file);
    writeFileSync(beside, JSON.stringify(this.#record), { mode: 0o600 });
    renameSync(beside, this.#file);
  }
}

/** `harness` is the process that conducted the run, and is gone; `stays` says why nothing of it is touched. */
export type Leftover = { readonly run: string; readonly harness: number; readonly what: readonly string[]; readonly stays?: string; readonly remove: () => Promise<void> };

/** Runs whose harness is gone and that left something behind. A live harness's are never touched. */
export async function findLeftovers(): Promise<Leftover[]> {
  return (await findRecords()).filter(({ stays }) => stays === undefined);
}

/** As {@link findLeftovers}, with the runs of which nothing can be told from here. */
export async function findRecords(records = RECORDS): Promise<Leftover[]> {
  if (!(await exists(records))) return [];
  const leftovers: Leftover[] = [];
  for (const file of await readdir(records)) {
    if (!file.endsWith(".json")) continue;
    const path = join(records, file);
    const record = await readRecord(path);
    if (record === undefined) continue; // its run has come to its end meanwhile
    const stays = typeof record === "string" ? record : whyElsewhere(record.place);
    if (typeof record === "string" || stays !== undefined) {
      const name = typeof record === "string" ? file : record.run;
      leftovers.push({ run: name, harness: 0, what: [], stays: stays ?? "", remove: () => Promise.resolve() });
      continue;
    }
    const booted = record.place.boot === here().boot; // after another boot its process ids are others'
    if (booted && stillRuns(record.harness)) continue;
    const pids = booted ? ownedProcesses(record) : [];
    const engine = record.runtime === "docker" ? await engineObjects(record.run) : [];
    const what = [
      ...pids.map((pid) => `process ${pid}`),
      ...(engine ?? []).map(({ kind, id }) => `${kind} ${id.slice(0, 12)}`),
      ...(engine ? [] : ["what the Docker engine holds, which does not answer now"]),
      ...(record.runtime === "process" ? await rulesOf(record.workDirectory) : []).map((rule) => `packet filter ${rule}`),
      ...fuseMountsBelow(record.workDirectory).map((at) => `mount ${at}`),
      ...((await exists(record.workDirectory)) ? [`folder ${record.workDirectory}`] : []),
    ];
    leftovers.push({ run: record.run, harness: record.harness.pid, what, remove: () => remove(path, record, pids, engine) });
  }
  return leftovers;
}

/** A record; undefined where there is none any more; and a text that says why it can't be read. */
async function readRecord(path: string): Promise<LiveRecord | string | undefined> {
  try {
    const record = recordForm.safeParse(JSON.parse(await readFile(path, "utf8")));
    return record.success ? record.data : `its record ${path} is not in its form: look for what it started by hand, then remove it`;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    return `its record ${path} can't be read (${messageOf(error)}): look for what it started by hand, then remove it`;
  }
}

/** Recorded ones, and those that were started with the run's mark in their environment: whoever only looks at its files has none. */
function ownedProcesses(record: LiveRecord): number[] {
  const recorded = record.pids.filter(stillRuns).map(({ pid }) => pid);
  const above = ancestors();
  const marked = allPids().filter((pid) => isMarked(pid, record.workDirectory));
  return [...new Set([...recorded, ...marked])].filter((pid) => !above.has(pid));
}

/** This process, and those above it. */
function ancestors(): ReadonlySet<number> {
  const above = new Set<number>();
  for (let pid = process.pid; pid > 0 && !above.has(pid); pid = inspect(pid)?.parent ?? 0) above.add(pid);
  return above;
}

function isMarked(pid: number, workDirectory: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`TURNBACK_WORK=${Buffer.from(workDirectory).toString("latin1")}`);
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

type EngineObject = { readonly kind: "container" | "network" | "volume"; readonly id: string };

/** Undefined when the engine can't be asked: then nobody knows what it holds. */
async function engineObjects(runName: string): Promise<EngineObject[] | undefined> {
  const filter = ["--filter", `label=${RUN_LABEL}=${runName}`, "-q"];
  const kinds = [["container", ["ps", "-a", ...filter]], ["network", ["network", "ls", ...filter]], ["volume", ["volume", "ls", ...filter]]] as const;
  const objects: EngineObject[] = [];
  for (const [kind, args] of kinds) {
    const asked = await run("docker", args).catch(() => undefined);
    if (!asked) return undefined;
    const { stdout } = asked;
    objects.push(...stdout.split("\n").filter(Boolean).map((id) => ({ kind, id })));
  }
  return objects;
}

async function remove(path: string, record: LiveRecord, pids: readonly number[], engine: readonly EngineObject[] | undefined): Promise<void> {
  for (const pid of pids) await killTree(pid);
  await waitUntil({
    what: `end of the processes left by ${record.run}`, withinMs: 5_000,
    check: () => (pids.every((pid) => !signal(pid, 0) || inspect(pid)?.state === "Z") ? true : undefined),
  });
  if (!engine) {
    throw new HarnessError({
      code: "no-engine", kind: "environment", place: record.run,
      message: `run ${record.run} used Docker, and no engine answers: its containers can't be removed`,
      remedy: "start the engine, and run `turnback clean` again",
    });
  }
  for (const { kind, id } of engine) {
    await run("docker", kind === "container" ? ["rm", "-f", "-v", id] : [kind, "rm", id]);
  }
  await removeRules(record.workDirectory);
  await unmountBelow(record.workDirectory);
  await rm(record.workDirectory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  await rm(path, { force: true });
}

