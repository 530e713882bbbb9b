// Kept data: whatever a run did to its copy, the next one has what was prepared, byte for byte.

import fc from "fast-check";
import { appendFile, chmod, mkdir, readdir, readFile, rename, rm, symlink, truncate, utimes, writeFile, lstat, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../harness/base/files.ts";
import { takeCopy as takeBeside } from "../../harness/topology/kept-data.ts";
import { temporaryFolder } from "../support/drills.ts";

const takeCopy = (template: string, at: string) => takeBeside(template, at, `${at}-kept`);

async function prepare(folder: string, text: string): Promise<string> {
  // Shelves are named for the data: this one is nobody else's.
  const template = join(folder, `kept-test-${basename(folder)}`);
  for (const path of ["base/1", "base/5", "global", "pg_tblspc"]) await mkdir(join(template, path), { recursive: true, mode: 0o700 });
  for (const [path, n] of [["base/1/1259", 8], ["base/5/16384", 600], ["base/5/16385", 1], ["global/pg_control", 8], ["PG_VERSION", 0]] as const) await writeFile(join(template, path), text.repeat(n * 128), { mode: 0o600 });
  await symlink("../elsewhere", join(template, "pg_tblspc/16400"));
  return template;
}

/** Everything about a tree that a server could notice. */
async function picture(root: string): Promise<Record<string, string>> {
  const paths = ["", ...(await readdir(root, { recursive: true }))].toSorted();
  return Object.fromEntries(await Promise.all(paths.map(async (path) => {
    const stats = await lstat(join(root, path));
    const holds = stats.isFile() ? await readFile(join(root, path), "utf8") : stats.isSymbolicLink() ? await readlink(join(root, path)) : "";
    return [path, `${stats.mode} ${stats.uid} ${stats.gid} ${holds}`];
  })));
}

const FILES = ["base/1/1259", "base/5/16384", "base/5/16385", "global/pg_control"] as const;
const DAMAGE: Readonly<Record<string, (at: string, file: string) => Promise<unknown>>> = {
  append: (at, file) => appendFile(join(at, file), "more"),
  truncate: (at, file) => truncate(join(at, file), 3),
  "other bytes, the same size and times": async (at, file) => {
    const path = join(at, file);
    const { size, atime, mtime } = await lstat(path);
    await writeFile(path, "x".repeat(size));
    await utimes(path, atime, mtime);
  },
  "a byte in its middle": async (at, file) => {
    const held = await readFile(join(at, file));
    held[held.length >> 1] = 0;
    await writeFile(join(at, file), held);
  },
  remove: (at, file) => rm(join(at, file)),
  "another in its place": async (at, file) => { await rename(join(at, "PG_VERSION"), join(at, file)); },
  mode: (at, file) => chmod(join(at, file), 0o644),
  "a folder in its place": async (at, file) => { await rm(join(at, file)); await mkdir(join(at, file, "below"), { recursive: true }); },
  "new files": async (at) => { await mkdir(join(at, "pg_wal/more"), { recursive: true }); await writeFile(join(at, "pg_wal/more/000000010000000000000002"), "wal"); },
  "another link": async (at) => { await rm(join(at, "pg_tblspc/16400")); await symlink("../nowhere", join(at, "pg_tblspc/16400")); },
  "a folder gone": (at) => rm(join(at, "base"), { recursive: true }),
  "a folder's mode": (at) => chmod(join(at, "base"), 0o755),
};

test("a copy that was damaged in any way is what was prepared, when the next run takes it", async () => {
  await using folder = await temporaryFolder();
  const template = await prepare(folder.path, "8 bytes.");
  const whole = await picture(template);
  try {
    let n = 0;
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...Object.keys(DAMAGE)), fc.constantFrom(...FILES)), { minLength: 1, maxLength: 4 }), async (damages) => {
      const at = join(folder.path, `run-${n++}`);
      const keep = await takeCopy(template, at);
      expect(await picture(at)).toEqual(whole);
      // What two damages do to each other is no concern of ours: one that has nothing left to do does nothing.
      for (const [damage, file] of damages) await DAMAGE[damage]?.(at, file).catch(() => undefined);
      await keep();
      expect((await readdir(folder.path)).filter((name) => name.startsWith("run-")), "nothing of the run is left").toEqual([]);
    }), { numRuns: 100 });
    const last = join(folder.path, "last");
    await takeCopy(template, last);
    expect(await picture(last)).toEqual(whole);
  } finally {
    await rm(join(ROOT, ".cache", "kept", basename(template)), { recursive: true, force: true });
  }
});

test("a copy of what was prepared before is not taken for what is prepared now", async () => {
  await using folder = await temporaryFolder();
  const template = await prepare(folder.path, "8 bytes.");
  try {
    await (await takeCopy(template, join(folder.path, "first")))();
    await rm(template, { recursive: true });
    await prepare(folder.path, "8 other.");
    await takeCopy(template, join(folder.path, "second"));
    expect(await picture(join(folder.path, "second"))).toEqual(await picture(template));
  } finally {
    await rm(join(ROOT, ".cache", "kept", basename(template)), { recursive: true, force: true });
  }
});

test("two runs at once have a copy each", async () => {
  await using folder = await temporaryFolder();
  const template = await prepare(folder.path, "8 bytes.");
  try {
    await (await takeCopy(template, join(folder.path, "first")))();
    const keeps = await Promise.all([1, 2, 3].map((n) => takeCopy(template, join(folder.path, `beside-${n}`))));
    for (const n of [1, 2, 3]) expect(await picture(join(folder.path, `beside-${n}`))).toEqual(await picture(template));
    for (const keep of keeps) await keep();
    expect((await readdir(join(ROOT, ".cache", "kept", basename(template)))).length).toBe(3);
  } finally {
    await rm(join(ROOT, ".cache", "kept", basename(template)), { recursive: true, force: true });
  }
});

test("data that a server still runs on are not for another run", async () => {
  await using folder = await temporaryFolder();
  const template = await prepare(folder.path, "8 bytes.");
  const shelf = join(ROOT, ".cache", "kept", basename(template));
  try {
    for (const [pid, kept] of [[process.pid, 0], [4_194_305, 1]] as const) { // no process has the second: it is beyond the kernel's largest
      const at = join(folder.path, `of-${pid}`);
      const keep = await takeCopy(template, at);
      await writeFile(join(at, "postmaster.pid"), `${pid}\n${at}\n`);
      await keep();
      expect((await readdir(shelf).catch(() => [])).length).toBe(kept);
    }
  } finally {
    await rm(shelf, { recursive: true, force: true });
  }
});
