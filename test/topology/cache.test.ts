// What is kept between runs: whole or not there, whoever was killed while making it, and whatever became of it since.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fateOf, partialOf } from "../../harness/base/owner.ts";
import { ownIdentity } from "../../harness/base/process.ts";
import { abandonedParts, keepFolder, keptFolder, lookAt, removeAbandoned, type Shelf } from "../../harness/topology/cache.ts";
import { temporaryFolder } from "../support/drills.ts";

const SHELF: Shelf = { kind: "templates", name: "system-key", holds: "data" };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let cache: string;
beforeEach(async () => { folder = await temporaryFolder(); cache = folder.path; });
afterEach(() => folder[Symbol.asyncDispose]());

const make = (at: string) => {
  mkdirSync(join(at, "base"), { recursive: true, mode: 0o700 });
  writeFileSync(join(at, "PG_VERSION"), "18\n", { mode: 0o600 });
  writeFileSync(join(at, "base/1"), "rows", { mode: 0o600 });
  return Promise.resolve();
};
const keep = () => keepFolder(SHELF, make, { cache });
const data = () => join(cache, "templates/system-key/data");

describe("kept data", () => {
  test("are there when they are whole, and nothing beside them", async () => {
    expect(await keptFolder(SHELF, { cache })).toBeUndefined();
    expect(await keep()).toBe(data());
    expect(await keptFolder(SHELF, { cache })).toBe(data());
    expect(readdirSync(join(cache, "templates"))).toEqual(["system-key"]);
  });

  test.for<[string, () => void, string]>([
    ["a file is missing", () => rmSync(join(data(), "PG_VERSION")), "PG_VERSION is missing"],
    ["a file was added", () => writeFileSync(join(data(), "postmaster.pid"), "1"), "postmaster.pid was added"],
    ["a file was changed, and has its old size", () => writeFileSync(join(data(), "base/1"), "swor"), "base/1 was changed"],
    ["a file was cut", () => writeFileSync(join(data(), "base/1"), "r"), "base/1 was changed"],
    ["a file is a folder", () => { rmSync(join(data(), "PG_VERSION")); mkdirSync(join(data(), "PG_VERSION")); }, "PG_VERSION was changed"],
    ["nothing says what they must hold", () => rmSync(join(cache, "templates/system-key/manifest.json")), "nothing says what it must hold"],
    ["that is cut short", () => writeFileSync(join(cache, "templates/system-key/manifest.json"), "{"), "nothing says what it must hold"],
    ["the data are gone", () => rmSync(data(), { recursive: true }), "it is not whole"],
  ])("are taken away, to be made anew, where %s", async ([, change, why]) => {
    await keep();
    change();
    const said: string[] = [];
    expect(await keptFolder(SHELF, { cache, say: (text) => said.push(text) })).toBeUndefined();
    expect(said.join()).toContain(why);
    expect(readdirSync(join(cache, "templates"))).toEqual([]);
    await keep();
    expect(await keptFolder(SHELF, { cache })).toBe(data());
  });

  test("get their rights back, and stay what they are", async () => {
    await keep();
    chmodSync(data(), 0o755);
    chmodSync(join(data(), "base/1"), 0o666);
    expect(await lookAt(SHELF, { cache })).toEqual({ whole: false, detail: "2 files had other rights or another owner" });
    expect(await keptFolder(SHELF, { cache })).toBe(data());
    expect([statSync(data()).mode & 0o777, statSync(join(data(), "base/1")).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(await lookAt(SHELF, { cache })).toEqual({ whole: true, detail: "" });
  });

  test("that were copied elsewhere are the same data", async () => {
    await keep();
    cpSync(join(cache, "templates"), join(cache, "copy"), { recursive: true });
    rmSync(join(cache, "templates"), { recursive: true });
    renameSync(join(cache, "copy"), join(cache, "templates"));
    chmodSync(data(), 0o700);
    expect(await keptFolder(SHELF, { cache })).toBe(data());
  });

  test("of two who make them one is kept", async () => {
    const [a, b] = await Promise.all([keep(), keep()]);
    expect([a, b, readdirSync(join(cache, "templates"))]).toEqual([data(), data(), ["system-key"]]);
  });

  test("that can't be made leave nothing", async () => {
    await expect(keepFolder(SHELF, () => Promise.reject(new Error("no room")), { cache })).rejects.toThrow("no room");
    expect(readdirSync(join(cache, "templates"))).toEqual([]);
  });
});

describe("what is half made", () => {
  const place = (name: string) => { const path = join(cache, "templates", name); mkdirSync(path, { recursive: true }); return path; };
  const find = () => abandonedParts({ cache, temporary: join(cache, "tmp") });

  test("by this process, is nobody else's affair", async () => {
    place(partialOf("x"));
    expect(await find()).toEqual([]);
  });

  test("by a killed process is removed, and what lives stays", async () => {
    const child = spawn("sleep", ["30"]);
    const { pid, startTicks } = ownIdentity();
    const own = partialOf("x");
    const ticks = Number(readFileSync(`/proc/${child.pid}/stat`, "utf8").split(" ")[21]);
    const theirs = place(own.replace(`${pid}-${startTicks}-`, `${child.pid}-${ticks}-`));
    const gone = place(own.replace(`${pid}-${startTicks}-`, `${pid}-${startTicks + 1}-`));
    await removeAbandoned({ cache, temporary: join(cache, "tmp") });
    expect([existsSync(theirs), existsSync(gone)]).toEqual([true, false]);
    child.kill("SIGKILL");
    await once(child, "exit");
    await removeAbandoned({ cache, temporary: join(cache, "tmp") });
    expect(existsSync(theirs)).toBe(false);
  });

  test("before this machine was booted is nobody's; in another namespace, or on another machine, nobody can tell from here", async () => {
    const [pid, boot, namespace, host] = /\.(\d+)-\d+-([0-9a-f]{8})-(\d+)-([0-9a-f]{8})/.exec(partialOf("x"))?.slice(1) ?? [];
    expect(fateOf(`x.${pid}-1-00000000-${namespace}-${host}.partial`)).toBe("gone");
    expect(fateOf(`x.${pid}-1-${boot}-1-${host}.partial`)).toBe("elsewhere");
    expect(fateOf(`x.${pid}-1-00000000-${namespace}-00000000.partial`)).toBe("elsewhere");
    expect([fateOf("x.partial"), fateOf("system-key"), fateOf("x.1.partial")]).toEqual([undefined, undefined, undefined]);
    const path = place(`x.${pid}-1-${boot}-1-${host}.partial`);
    expect(await find()).toMatchObject([{ path, stays: expect.stringContaining("another machine or pid namespace") as string }]);
    await removeAbandoned({ cache, temporary: join(cache, "tmp") });
    expect(existsSync(path)).toBe(true);
  });
});
