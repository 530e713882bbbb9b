// What this machine must have left before a rehearsal begins: a server without space or memory would be a finding of ours.

import { mkdir, statfs } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { HarnessError } from "../base/errors.ts";

export type Room = { /** In the folder of runs, and in the one for temporary files. */ readonly diskBytes: number; readonly memoryBytes: number };

/** Servers, load and judge of a small system need some 600 MB of memory together. */
export const ROOM: Room = { diskBytes: 2 * 1024 ** 3, memoryBytes: 1024 ** 3 };

/** More at once nobody may ask for. */
export const MOST_WORKERS = 64;

/** How many rehearse at once unless told otherwise: so many a core, and no more than memory allows. */
export function usualWorkers(perCore: number, { cores = availableParallelism(), memoryBytes = process.availableMemory() } = {}): number {
  return Math.max(1, Math.min(perCore * cores, Math.floor(memoryBytes / ROOM.memoryBytes), MOST_WORKERS));
}

const mib = (bytes: number) => Math.floor(bytes / 1024 ** 2);

/** @throws HarnessError `no-room` or `no-memory`, of the kind `environment` */
export async function expectRoom(runsDirectory: string, { diskBytes, memoryBytes }: Room): Promise<void> {
  await mkdir(runsDirectory, { recursive: true });
  for (const place of [runsDirectory, tmpdir()]) {
    const { bavail, bsize } = await statfs(place);
    if (bavail * bsize >= diskBytes) continue;
    throw new HarnessError({ code: "no-room", kind: "environment", place, message: `${place} has ${mib(bavail * bsize)} MiB left, and a rehearsal needs up to ${mib(diskBytes)}`, remedy: "make room, and give the same command again" });
  }
  const available = process.availableMemory();
  if (available >= memoryBytes) return;
  throw new HarnessError({ code: "no-memory", kind: "environment", place: "memory", message: `${mib(available)} MiB of memory are left, and a rehearsal needs up to ${mib(memoryBytes)}`, remedy: "free some, or ask for fewer --workers, and give the same command again" });
}
