// Processes that rehearse: one that dies or hangs is cut off with all that it started, and the next rehearsal works.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exists, ROOT } from "../../harness/base/files.ts";
import { waitUntil } from "../../harness/base/deadline.ts";
import { inspect, signal } from "../../harness/base/process.ts";
import { HarnessError } from "../../harness/base/errors.ts";
import { Rehearsers } from "../../harness/cli/rehearsers.ts";
import { readForRun } from "../../harness/conduct/run-drill.ts";
import { PATHS } from "../../harness/evidence/run-directory.ts";
import { judge } from "../../harness/judge/judge.ts";
import { findLeftovers } from "../../harness/topology/leftovers.ts";
import { smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

type LiveRecord = { readonly run: string; readonly workDirectory: string; readonly harness: { readonly pid: number }; readonly pids: readonly { readonly pid: number }[] };

/** The record of the run of a drill, when its services are up. */
async function liveRun(name: string): Promise<LiveRecord> {
  const records = join(ROOT, ".cache", "live");
  return waitUntil({
    what: `a run of ${name}`, withinMs: 60_000,
    check: async () => {
      const file = (await readdir(records)).find((record) => record.includes(`-${name}-`) && record.endsWith(".json"));
      const record = file === undefined ? undefined : JSON.parse(await readFile(join(records, file), "utf8")) as LiveRecord;
      return record && record.pids.length >= 2 ? record : undefined;
    },
  });
}

async function asking(folder: string, name: string) {
  const file = await writeDrill(folder, smallDrill({ name, system: { path: "fixtures/systems/shop", scale: 0.02 } }));
  const { drill } = await readForRun({ file });
  return { file, drill, runtime: "process", seed: 1, runsDirectory: join(folder, "runs") } as const;
}

// The first one may have to prepare the data, and takes its time.
test.for([["SIGKILL", "rehearser-died", 120_000], ["SIGSTOP", "rehearser-hung", 20_000]] as const)("one that gets a %s is over, nothing of it is left, and the next one works", async ([name, code, withinMs]) => {
  await using folder = await temporaryFolder();
  await using rehearsers = new Rehearsers({ withinMs, graceMs: 1_000 });
  const never = new AbortController().signal;
  const ask = await asking(folder.path, `struck-${name.toLowerCase()}`);
  const rehearsal = rehearsers.rehearse(ask, never);
  const [live, error] = await Promise.all([
    liveRun(ask.drill.name).then((record) => { signal(record.harness.pid, name); return record; }),
    rehearsal.then(() => undefined, (thrown: unknown) => thrown),
  ]);
  expect(error).toBeInstanceOf(HarnessError);
  expect(error).toMatchObject({ code, kind: "run" });
  expect([live.harness, ...live.pids].filter(({ pid }) => ![undefined, "Z"].includes(inspect(pid)?.state)), "processes that are left").toEqual([]);
  expect((await findLeftovers()).filter(({ run }) => run === live.run)).toEqual([]);
  const { card, failure } = await rehearsers.rehearse(await asking(folder.path, "after-that"), never);
  expect([card.verdict, failure]).toEqual(["met", undefined]);
});

test.for([["no-room", { diskBytes: Infinity, memoryBytes: 0 }], ["no-memory", { diskBytes: 0, memoryBytes: Infinity }]] as const)("nothing is begun where there is %s", async ([code, room]) => {
  await using folder = await temporaryFolder();
  await using rehearsers = new Rehearsers({ room });
  await expect(rehearsers.rehearse(await asking(folder.path, "never-begun"), new AbortController().signal)).rejects.toMatchObject({ code, kind: "environment" });
});

test("who asked may end it: it is judged as unknown, and what was started is down", async () => {
  await using folder = await temporaryFolder();
  await using rehearsers = new Rehearsers();
  const stop = new AbortController();
  const ask = await asking(folder.path, "given-up");
  const rehearsal = rehearsers.rehearse(ask, stop.signal);
  const live = await liveRun("given-up");
  stop.abort(new HarnessError({ code: "interrupted", kind: "run", message: "enough" }));
  const { card, failure } = await rehearsal;
  expect([card.verdict, failure?.message]).toEqual(["unknown", "enough"]);
  expect(live.pids.filter(({ pid }) => ![undefined, "Z"].includes(inspect(pid)?.state))).toEqual([]);
});

test("after so many rehearsals a process is replaced by a new one, which works; what is met and not kept has neither seal nor page, and the same scorecard", async () => {
  await using folder = await temporaryFolder();
  await using rehearsers = new Rehearsers({ rehearsals: 1 });
  const harnesses: number[] = [];
  for (const [name, metUnkept] of [["one-of-two", true], ["two-of-two", false]] as const) {
    const [live, { card, directory }] = await Promise.all([liveRun(name), rehearsers.rehearse(await asking(folder.path, name), new AbortController().signal, { metUnkept })]);
    harnesses.push(live.harness.pid);
    expect(card.verdict).toBe("met");
    expect(await Promise.all([PATHS.seal, PATHS.page].map((path) => exists(join(directory, path))))).toEqual([!metUnkept, !metUnkept]);
    expect(await judge(directory)).toEqual(card);
  }
  expect(new Set(harnesses).size).toBe(2);
  await waitUntil({ what: "end of the first process", withinMs: 5_000, check: () => ([undefined, "Z"].includes(inspect(harnesses[0]!)?.state) ? true : undefined) });
});
