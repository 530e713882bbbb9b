// After every test that starts services: whatever is left over fails it.

import { readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { allPids } from "../../harness/base/process.ts";
import { unusedSegments } from "../../harness/base/shared-memory.ts";

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

/** Services of runs that this temporary folder knows, and their folders; and memory of this machine that nobody uses. */
export const whatIsThere = () => ({ processes: processesOfOurs(), folders: foldersOfOurs(), segments: unusedSegments() });

export async function expectNothingMoreThan(before: ReturnType<typeof whatIsThere>): Promise<void> {
  const { processes, folders } = whatIsThere();
  expect(processes.filter((process) => !before.processes.includes(process)), "processes left over").toEqual([]);
  expect(folders.filter((folder) => !before.folders.includes(folder)), "folders left over").toEqual([]);
  // Another test's server may have been killed this very moment, and its memory is not released yet.
  await vi.waitFor(() => { expect(unusedSegments().filter((segment) => !before.segments.includes(segment)), "shared memory left over").toEqual([]); }, { timeout: 2_000 });
}

let before: ReturnType<typeof whatIsThere>;

beforeEach((context) => {
  if (!context.task.meta.sharesServices) before = whatIsThere();
});

afterEach(async (context) => {
  if (!context.task.meta.sharesServices) await expectNothingMoreThan(before); // else the suite checks at its end
});

declare module "vitest" {
  interface TaskMeta { sharesServices?: boolean }
}
