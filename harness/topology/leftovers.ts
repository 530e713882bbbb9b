// The record of what a run has started, so that what a killed harness leaves can be found and removed.

import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, exists } from "../base/files.ts";
import { allPids, inspect, killTree, ownIdentity, run, signal, stillRuns, type ProcessIdentity } from "../base/process.ts";
import { HarnessError, codeOf } from "../base/errors.ts";
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
};

/** Written before the first thing is started; removed when everything is down again. */
export class LiveRun {
  readonly #file: string;
  readonly #record: LiveRecord;

  constructor(file: string, record: LiveRecord) {
    this.#file = file;
    this.#record = record;
    this.#save();
  }

  static async open(run: string, workDirectory: string, runtime: "docker" | "process"): Promise<LiveRun> {
    await mkdir(RECORDS, { recursive: true });
    return new LiveRun(join(RECORDS, `${run}.json`), {
      run, workDirectory, runtime, pids: [],
      harness: ownIdentity(),
    });
  }

  addProcess(pid: number): void {
    this.#record.pids.push({ pid, startTicks: inspect(pid)?.startTicks ?? 0 });
    this.#save();
  }

  async close(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  #save(): void {
    writeFileSync(this.#file, JSON.stringify(this.#record));
  }
}

/** `harness` is the process that conducted the run, and is gone. */
export type Leftover = { readonly run: string; readonly harness: number; readonly what: readonly string[]; readonly remove: () => Promise<void> };

/** Runs whose harness is gone and that left something behind. A live harness's are never touched. */
export async function findLeftovers(): Promise<Leftover[]> {
  if (!(await exists(RECORDS))) return [];
  const leftovers: Leftover[] = [];
  for (const file of await readdir(RECORDS)) {
    if (!file.endsWith(".json")) continue;
    const path = join(RECORDS, file);
    const record = await readRecord(path);
    if (!record || stillRuns(record.harness)) continue;
    const pids = ownedProcesses(record);
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

async function readRecord(path: string): Promise<LiveRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as LiveRecord;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Recorded ones, and any whose environment or command line names the run's work directory. */
function ownedProcesses(record: LiveRecord): number[] {
  const recorded = record.pids.filter(stillRuns).map(({ pid }) => pid);
  const marked = allPids().filter((pid) => pid !== process.pid && mentions(pid, record.workDirectory));
  return [...new Set([...recorded, ...marked])];
}

function mentions(pid: number, text: string): boolean {
  return ["environ", "cmdline"].some((part) => {
    try {
      return readFileSync(`/proc/${pid}/${part}`, "latin1").split("\0").some((word) => word === `TURNBACK_WORK=${text}` || word === text || word.startsWith(`${text}/`));
    } catch (error) {
      if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) return false;
      throw error;
    }
  });
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
  await rm(record.workDirectory, { recursive: true, force: true });
  await rm(path, { force: true });
}

