// What is removed of a run whose harness is gone is what it started, and nobody who only looks at it.

import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exists } from "../../harness/base/files.ts";
import { inspect } from "../../harness/base/process.ts";
import { findRecords, LiveRun } from "../../harness/topology/leftovers.ts";
import { temporaryFolder } from "../support/drills.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let work: string;
let records: string;
const children: ChildProcess[] = [];
const start = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(command, args, { stdio: "ignore", env: { PATH: process.env["PATH"] ?? "", ...env } });
  children.push(child);
  return child;
};
const lives = ({ pid }: ChildProcess) => ![undefined, "Z"].includes(inspect(pid ?? 0)?.state);

beforeEach(async () => {
  folder = await temporaryFolder();
  work = join(folder.path, "work ü");
  records = join(folder.path, "live");
  await mkdir(work);
  await writeFile(join(work, "postgres.log"), "log\n");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await folder[Symbol.asyncDispose]();
});

/** A record of a harness that is gone, with whatever else is said. */
async function recordOf(over: object = {}): Promise<string> {
  await LiveRun.open("gone", work, "process", records);
  const file = join(records, "gone.json");
  const record = JSON.parse(await readFile(file, "utf8")) as { readonly harness: { readonly startTicks: number } };
  await writeFile(file, JSON.stringify({ ...record, harness: { pid: process.pid, startTicks: record.harness.startTicks + 1 }, ...over }));
  return file;
}

describe("what a killed harness left", () => {
  test("is what bears its mark; a reader of its log, an editor of it and who only names its folder go on", async () => {
    const file = await recordOf();
    const ours = start("sleep", ["60"], { TURNBACK_WORK: work });
    const lookers = [start("tail", ["-f", join(work, "postgres.log")]), start("bash", ["-c", "sleep 60; true", work]), start("sleep", ["60"], { LOG: join(work, "postgres.log"), OTHER_WORK: work, TURNBACK_WORK: `${work}-other` })];
    const [left, ...more] = await findRecords(records);
    expect(more).toEqual([]);
    expect(left?.what).toEqual([`process ${ours.pid}`, `folder ${work}`]);
    await left?.remove();
    expect(lives(ours)).toBe(false);
    expect(lookers.map(lives)).toEqual([true, true, true]);
    expect([await exists(work), await exists(file)]).toEqual([false, false]);
  });

  test("is never whoever asks, nor who started that", async () => {
    const self = { pid: process.ppid, startTicks: inspect(process.ppid)?.startTicks ?? 0 };
    await recordOf({ pids: [self] });
    const [left] = await findRecords(records);
    expect(left?.what).toEqual([`folder ${work}`]);
  });

  test("of another boot has no processes: their numbers are others' now", async () => {
    const other = start("sleep", ["60"], { TURNBACK_WORK: work });
    const { place } = JSON.parse(await readFile(await recordOf(), "utf8")) as { readonly place: object };
    await recordOf({ pids: [{ pid: other.pid, startTicks: inspect(other.pid ?? 0)?.startTicks }], place: { ...place, boot: "another" } });
    const [left] = await findRecords(records);
    expect(left).toMatchObject({ what: [`folder ${work}`] });
    expect(left?.stays).toBeUndefined();
  });

  test("in another pid namespace, or on another machine, can't be told from here, and stays", async () => {
    const { place } = JSON.parse(await readFile(await recordOf(), "utf8")) as { readonly place: object };
    for (const [elsewhere, says] of [[{ namespace: "pid:[1]" }, "another pid namespace"], [{ host: "other", boot: "other" }, "machine other"]] as const) {
      await recordOf({ place: { ...place, ...elsewhere } });
      const [left] = await findRecords(records);
      expect(left?.stays).toContain(says);
      await left?.remove();
      expect(await exists(work)).toBe(true);
    }
  });

  test.for([["cut short", '{"run":"gone","harn'], ["empty", ""], ["of another form", '{"run":"gone"}'], ["with a folder that is none", '{"run":"gone","harness":{"pid":1,"startTicks":1},"workDirectory":"","runtime":"process","pids":[]}']] as const)("is not nothing where its record is %s", async ([, text]) => {
    await writeFile(await recordOf(), text);
    const [left] = await findRecords(records);
    expect(left?.stays).toContain("look for what it started by hand");
    await left?.remove();
    expect(await exists(work)).toBe(true);
  });

  test("is recorded whole at every moment", async () => {
    const run = await LiveRun.open("many", work, "process", records);
    let [read, cut] = [0, 0];
    const reading = (async () => {
      while (read < 200) {
        await readFile(join(records, "many.json"), "utf8").then((text) => JSON.parse(text) as unknown).then(() => { read++; }, () => { cut++; read++; });
      }
    })();
    for (let i = 0; i < 300; i++) { run.addProcess(process.pid); if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve)); }
    await reading;
    expect(cut).toBe(0);
    await run.close();
    expect(await readdir(records)).toEqual([]);
    await rm(records, { recursive: true });
  });
});
