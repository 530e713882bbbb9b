// A clock of their own for the servers: libfaketime, which is put before the C library, and reads the offset from a file.

import { existsSync } from "node:fs";

const FOLDERS = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;
const LOADERS = { x64: "/lib64/ld-linux-x86-64.so.2", arm64: "/lib/ld-linux-aarch64.so.1" } as const;

/** Where Debian keeps it, on this machine and in our image. */
const LIBRARY = `/usr/lib/${FOLDERS[process.arch as keyof typeof FOLDERS] ?? process.arch}/faketime/libfaketimeMT.so.1`;

/** Why no process here can have a clock of its own; undefined when one can. */
export function whyNoSkew(): string | undefined {
  return existsSync(LIBRARY) ? undefined : `there is no ${LIBRARY} (Debian: libfaketime)`;
}

/**
 * What stands before a program's path and gives it such a clock. The dynamic loader is told, and not `LD_PRELOAD`: that would be
 * handed on to every command that the program starts (to archive, to restore), where libfaketime looks for a semaphore that a
 * forked process of the program has taken along when it ended; it makes another then, which nobody removes, and gives up, and
 * the command with it, where one of that process number is left.
 */
export const LOADER: readonly [string, ...string[]] = [LOADERS[process.arch as keyof typeof LOADERS] ?? "ld.so", "--preload", LIBRARY];

/** The variables that say what time it is for such a program; without the file it is the machine's. */
export function skewedBy(file: string): Readonly<Record<string, string>> {
  return {
    FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: "1",
    // What measures how long something takes goes on undisturbed.
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    // Else every look at a file takes a lock that all processes of the program share, and who is killed with it stops the others.
    NO_FAKE_STAT: "1",
  };
}

/** The file beside the server's data, as its shell names it. */
export const CLOCK_FILE = "$DATA-clock";
