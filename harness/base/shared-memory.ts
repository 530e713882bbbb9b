// What a server that is killed leaves in memory: segments that outlive their processes, System V's and files below /dev/shm.
// PostgreSQL, started again on the same data, releases its own, and a container takes them along; any other's stay for good.

import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { codeOf } from "./errors.ts";

/** The segments of a server: System V's by their ids, and the files that list what its processes share. */
export type SharedMemory = { readonly systemV: readonly string[]; readonly lists: readonly string[] };

/** What those processes hold; to be looked at before they are killed. */
export function sharedMemoryOf(pids: readonly number[]): SharedMemory {
  const maps = pids.map((pid) => read(`/proc/${pid}/maps`)?.toString("latin1") ?? "").join("");
  return {
    // Address, rights, offset and device; then the inode, which is the segment's id, and the name.
    systemV: [...new Set([...maps.matchAll(/^(?:\S+ +){4}(\d+) +\/SYSV[0-9a-f]{8} /gm)].map(([, id = ""]) => id))],
    lists: [...new Set([...maps.matchAll(/ (\/dev\/shm\/PostgreSQL\.\d+)$/gm)].map(([, file = ""]) => file))],
  };
}

/** Releases what they have left, when all of them are over. Idempotent. */
export async function release({ systemV, lists }: SharedMemory): Promise<void> {
  const unused = unusedSegments().filter((id) => systemV.includes(id));
  if (unused.length > 0) await promisify(execFile)("ipcrm", unused.flatMap((id) => ["-m", id]));
  for (const file of lists.flatMap((list) => [...listed(list), list])) rmSync(file, { force: true });
}

/** Whether some process still has one of a server's segments. */
export const inUse = ({ systemV }: SharedMemory): boolean => segments().some(({ id, attached }) => attached > 0 && systemV.includes(id));

/** System V segments of this machine that no process has any more. */
export const unusedSegments = (): readonly string[] => segments().filter(({ attached }) => attached === 0).map(({ id }) => id);

function segments(): readonly { readonly id: string; readonly attached: number }[] {
  const [titles = "", ...rows] = (read("/proc/sysvipc/shm")?.toString("latin1") ?? "").trimEnd().split("\n");
  const [id, attached] = ["shmid", "nattch"].map((title) => titles.trim().split(/ +/).indexOf(title));
  return rows.map((row) => row.trim().split(/ +/)).map((row) => ({ id: row[id ?? -1] ?? "", attached: Number(row[attached ?? -1]) }));
}

/**
 * PostgreSQL's `dsm_control_header` since release 14: what marks it, how many items there are, how many may be; then the items,
 * each with its segment's number and how many use it (none: it is free, and the number is an old one).
 */
const MARK = 0x9a503d32;
const [HEADER_BYTES, ITEM_BYTES] = [16, 40];

function listed(list: string): string[] {
  const header = read(list);
  if (!header || header.length < HEADER_BYTES || header.readUInt32LE(0) !== MARK) return [];
  const items = Math.min(header.readUInt32LE(4), Math.floor((header.length - HEADER_BYTES) / ITEM_BYTES));
  return Array.from({ length: items }, (_, item) => HEADER_BYTES + item * ITEM_BYTES)
    .filter((at) => header.readUInt32LE(at + 4) > 0)
    .map((at) => `/dev/shm/PostgreSQL.${header.readUInt32LE(at)}`);
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}
