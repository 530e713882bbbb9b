// The servers' disks shown through faultfs, our FUSE file system: what it takes to have one, and how to make it fail.

import { accessSync, constants, readFileSync } from "node:fs";
import { chown, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../base/files.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { waitUntil } from "../base/deadline.ts";
import { end, run, start } from "../base/process.ts";
import type { UndoStack } from "../base/undo.ts";
import type { LiveRun } from "./leftovers.ts";
import { claimPort } from "./ports.ts";

/** A folder at the top of the disk: a volume with a power supply of its own. */
export type Volume = string;

/** Which operations fail, and how; see Rule in faultfs. */
export type DiskRule = {
  /** Prefix of the path below the disk: `data/pg_wal/`. */
  readonly under: string;
  readonly operations: readonly ("read" | "write" | "extend" | "fsync" | "create" | "remove" | "rename" | "truncate")[];
  readonly error?: "EIO" | "ENOSPC" | "EROFS";
  /** How often it strikes; without it, every time. */
  readonly times?: number;
  /** Bytes that go through first. */
  readonly afterBytes?: number;
  readonly delayMs?: number;
  readonly stall?: boolean;
  readonly flip?: boolean;
  readonly short?: boolean;
};

/** What a power cut would take of a volume now. */
export type Unsynced = { readonly bytes: number; readonly files: number; readonly changes: number };

/** Why this machine can't show a disk through FUSE; undefined when it can. */
export function whyNoFuse(): string | undefined {
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch (error) {
    return `/dev/fuse can't be opened: ${messageOf(error)}`;
  }
  return process.getuid?.() === 0 || hasProgram("fusermount3") ? undefined : "mounting takes root, or fusermount3 on the PATH";
}

function hasProgram(name: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false; // not there, which is what is asked
    }
  });
}

/** Mount points of FUSE file systems at or below a folder, the innermost first. */
export function fuseMountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8").split("\n")
    .filter((line) => line.includes(" - fuse."))
    .map((line) => (line.split(" ")[4] ?? "").replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
    .filter((at) => at === folder || at.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

/** Takes mounts away whose file system is gone, or hangs; who still has files open keeps them until they are closed. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const at of fuseMountsBelow(folder)) {
    await (process.getuid?.() === 0 ? run("umount", ["-l", at]) : run("fusermount3", ["-uz", at]));
  }
}

export class FaultyDisk {
  /** The folder in which the servers keep their files. */
  readonly at: string;
  /** The same folder beneath the file system: for filling it, fast and for good, before any server starts. */
  readonly below: string;
  /** Resolves when the file system ends without having been told to: what servers meet from then on is not the drill's doing. */
  readonly died: Promise<string>;
  readonly #control: string;

  private constructor(at: string, below: string, control: string, died: Promise<string>) {
    this.died = died;
    this.at = at;
    this.below = below;
    this.#control = control;
  }

  /** Mounts an empty disk; what ends it is pushed on the stack. @throws HarnessError when it can't be mounted */
  static async open(options: { readonly workDirectory: string; readonly owner: { readonly uid: number; readonly gid: number } | undefined; readonly live: LiveRun; readonly undo: UndoStack }): Promise<FaultyDisk> {
    const { workDirectory, owner, live, undo } = options;
    const folder = join(workDirectory, "disk");
    const at = join(workDirectory, "postgres");
    await mkdir(join(folder, "files"), { recursive: true });
    await mkdir(at, { recursive: true });
    if (owner) await chown(join(folder, "files"), owner.uid, owner.gid);
    const port = await claimPort("faultfs", undefined);
    const before = (await stat(at)).dev;
    undo.push("faulty disk", () => unmountBelow(workDirectory));
    const child = await start({
      command: `${ROOT}/.cache/bin/faultfs`, args: ["-disk", folder, "-at", at, "-control", `127.0.0.1:${port}`],
      env: { TURNBACK_WORK: workDirectory }, logFile: join(workDirectory, "faultfs.log"),
    });
    live.addProcess(child.pid);
    let ending = false;
    undo.push("faultfs", () => { ending = true; return end(child); });
    const died = child.exited.then(({ code, signal }) => (ending ? new Promise<never>(() => undefined) : `faultfs ended by itself (${signal ?? `exit code ${code}`})`));
    await waitUntil({
      what: "the disk mounted through FUSE", withinMs: 10_000, everyMs: 10, place: "faultfs",
      check: async () => {
        if (child.ended()) throw new HarnessError({ code: "no-fuse", kind: "environment", place: "faultfs", message: `the disk can't be mounted through FUSE: ${readFileSync(join(workDirectory, "faultfs.log"), "utf8").trim()}`, remedy: "`turnback doctor` lists what this machine can do" });
        return (await stat(at)).dev === before ? undefined : true;
      },
    });
    return new FaultyDisk(at, join(folder, "files"), `http://127.0.0.1:${port}`, died);
  }

  /** Ends a volume's power: what was not synced is gone, or a chance part of it that the seed decides. */
  async cutPower(volume: Volume, options: { readonly tears: boolean; readonly seed: number }): Promise<{ readonly lostBytes: number; readonly undoneChanges: number }> {
    return (await this.#ask("POST", `volumes/${volume}/cut?tears=${options.tears}&seed=${options.seed}`)) as { lostBytes: number; undoneChanges: number };
  }

  async unsynced(volume: Volume): Promise<Unsynced> {
    return (await this.#ask("GET", `volumes/${volume}`)) as Unsynced;
  }

  /** Brings everything to the disk: for what real tools sync and ours copy. */
  async sync(volume: Volume): Promise<void> {
    await this.#ask("POST", `volumes/${volume}/sync`);
  }

  async setRule(id: string, rule: DiskRule): Promise<void> {
    await this.#ask("PUT", `rules/${id}`, rule);
  }

  /** How many operations a rule has met; undefined when it is not there. */
  async hits(id: string): Promise<number | undefined> {
    const { there, hits } = (await this.#ask("GET", `rules/${id}`)) as { there: boolean; hits: number };
    return there ? hits : undefined;
  }

  async clearRule(id: string): Promise<void> {
    await this.#ask("DELETE", `rules/${id}`);
  }

  async #ask(method: string, what: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#control}/${what}`, { method, signal: AbortSignal.timeout(10_000), ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new HarnessError({ code: "faultfs-refused", kind: "run", place: "faultfs", message: `faultfs refused ${method} /${what}: ${text.trim()}`, remedy: "read logs/faultfs.log in the run directory" });
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }
}
