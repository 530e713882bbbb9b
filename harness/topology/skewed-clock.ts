// A clock of their own for the servers: libfaketime, which is put before the C library, and reads the offset from a file.

import { existsSync } from "node:fs";

const FOLDERS = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

/** Where Debian keeps it, on this machine and in our image. */
const LIBRARY = `/usr/lib/${FOLDERS[process.arch as keyof typeof FOLDERS] ?? process.arch}/faketime/libfaketimeMT.so.1`;

/** Why no process here can have a clock of its own; undefined when one can. */
export function whyNoSkew(): string | undefined {
  return existsSync(LIBRARY) ? undefined : `there is no ${LIBRARY} (Debian: libfaketime)`;
}

/** The variables that give a program such a clock; without the file it is the machine's own. */
export function skewedBy(file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: "1",
    // What measures how long something takes goes on undisturbed.
    FAKETIME_DONT_FAKE_MONOTONIC: "1", FAKETIME_DISABLE_SHM: "1",
  };
}

/** The file beside the server's data, as its shell names it. */
export const CLOCK_FILE = "$DATA-clock";
