// After every test that starts services: whatever is left over fails it.

import { readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect } from "vitest";
import { allPids } from "../../harness/base/process.ts";

function processesOfOurs(): string[] {
  return allPids().flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      // Only what began in this temporary folder: another run may be under way elsewhere.
      return environment.includes(`TURNBACK_WORK=${tmpdir()}/turnback-`) || command.includes(`postgres -D ${tmpdir()}/turnback-`) ? [`${pid} ${command.slice(0, 100)}`] : [];
    } catch {
      return []; // it ended while we looked, or is not ours to read
    }
  });
}

function foldersOfOurs(): string[] {
  return readdirSync(tmpdir()).filter((name) => /^turnback-[A-Za-z0-9]{6}$/.test(name));
}

let before: { processes: string[]; folders: string[] };

beforeEach((context) => {
  before = context.task.meta.sharesServices ? { processes: [], folders: [] } : { processes: processesOfOurs(), folders: foldersOfOurs() };
});

afterEach((context) => {
  if (context.task.meta.sharesServices) return; // a suite that keeps one topology checks at its end
  expect(processesOfOurs().filter((process) => !before.processes.includes(process)), "processes left over").toEqual([]);
  expect(foldersOfOurs().filter((folder) => !before.folders.includes(folder)), "folders left over").toEqual([]);
});

declare module "vitest" {
  interface TaskMeta { sharesServices?: boolean }
}
