// Places that can't be written to: each is said before a command begins, with exit code 4, and never as a verdict.

import { execFile, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectPlaces, expectTemporary, writeReport } from "../../harness/cli/places.ts";
import { ROOT } from "../../harness/base/files.ts";
import { expectPassable } from "../../harness/topology/embedded-postgres.ts";
import { temporaryFolder } from "../support/drills.ts";

const CLI = join(ROOT, "harness/cli/turnback.ts");
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(folder.path, name);
beforeEach(async () => {
  folder = await temporaryFolder();
  writeFileSync(at("file"), "x");
  mkdirSync(at("folder"));
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync("loop", at("loop"));
});
afterEach(() => folder[Symbol.asyncDispose]());

describe("before a command begins", () => {
  test.for([
    ["--junit", "nowhere/x.xml", "there is no folder"], ["--junit", "folder", "is a folder"], ["--markdown", "file/x.md", "lies below what is none"],
    ["--svg", "pipe", "nobody reads the pipe"], ["--output", "loop", "leads in a circle"], ["--runs", "file", "is no folder"], ["--runs", "file/below", "is no folder"], ["--runs", "loop", "leads in a circle"],
  ] as const)("%s %s is refused", async ([option, place, why]) => {
    await expect(expectPlaces("run", { [option.slice(2)]: at(place) })).rejects.toMatchObject({ exitCode: 4, code: "place-unwritable", message: expect.stringMatching(`^${option}: .*${why}`) as string, remedy: expect.any(String) as string });
  });

  test("a file system that takes no folders is no reason to wait for ever", { timeout: 5_000 }, async () => {
    await expect(expectPlaces("run", { runs: "/proc/nowhere/at/all" })).rejects.toMatchObject({ exitCode: 4 });
  });

  test("one file for two reports, and none at all, are wrong usage", async () => {
    await expect(expectPlaces("run", { junit: at("x"), markdown: `${folder.path}/./x` })).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining("name the same file") as string });
    await expect(expectPlaces("run", { junit: "" })).rejects.toMatchObject({ exitCode: 3 });
  });

  test("what can be written to is, and is left as it was", async () => {
    await expectPlaces("run", { runs: at("new/below"), junit: at("file"), markdown: at("folder/new.md"), output: at("new/below/report"), svg: "/dev/null" });
    expect([readFileSync(at("file"), "utf8"), existsSync(at("new")), readdirSync(at("folder"))]).toEqual(["x", false, []]);
  });

  test("a temporary folder is there, and named by its whole path", async () => {
    const before = process.env["TMPDIR"];
    try {
      for (const [place, why] of [["rel", "depends on where one stands"], ["/tmp/a\nb", "line by line"], [`/tmp/${"long/".repeat(180)}`, "bytes long"], [at("nowhere"), "there is no folder"], [at("file"), "is no folder"]] as const) {
        process.env["TMPDIR"] = place;
        await expect(expectTemporary()).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining(why) as string });
        await expectPlaces("list", {}); // which needs none
      }
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });

  test.skipIf(userInfo().uid !== 0)("a full file system, and one that is read only", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", at("folder")]);
    try {
      await expect(expectPlaces("run", { runs: at("folder") })).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining("there is no room left") as string });
      expect(readdirSync(at("folder"))).toEqual([]);
      execFileSync("mount", ["-o", "remount,ro", at("folder")]);
      await expect(expectPlaces("run", { junit: at("folder/x") })).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining("read only") as string });
    } finally {
      execFileSync("umount", [at("folder")]);
    }
  });
});

describe("a report", () => {
  test("is whole or not there; one that can't be written says how to have it again", async () => {
    symlinkSync("file", at("link"));
    await writeReport(at("link"), "new", "again");
    expect([readFileSync(at("file"), "utf8"), readdirSync(folder.path).toSorted()]).toEqual(["new", ["file", "folder", "link", "loop", "pipe"]]);
    await expect(writeReport("/dev/full", "x", "turnback report")).rejects.toMatchObject({ exitCode: 4, remedy: "turnback report", message: expect.stringContaining("/dev/full can't be written") as string });
    await expect(writeReport(at("nowhere/x"), "x".repeat(10), "again")).resolves.toBeUndefined(); // its folder was there when the command began
  });
});

const turnback = (how: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv }, ...args: string[]) => promisify(execFile)(process.execPath, [CLI, ...args], { cwd: ROOT, ...how }).then(
  () => ({ code: 0, stderr: "" }), ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }));

test("the command line says it, too: before it looks for the drill", async () => {
  expect(await turnback({}, "run", "no-such-drill", "--junit", at("nowhere/x.xml"))).toMatchObject({ code: 4, stderr: expect.stringMatching(/^turnback: --junit: there is no folder \S+\n {2}do: /) as string });
  expect(await turnback({ env: { ...process.env, TMPDIR: at("nowhere") } }, "run", "no-such-drill")).toMatchObject({ code: 4, stderr: expect.stringContaining("TMPDIR") as string });
  expect((await turnback({}, "run", "no-such-drill", "--runs", at("runs"))).code).toBe(3);
  const { HOME: _none, ...homeless } = process.env;
  expect((await turnback({ env: homeless }, "list")).code).toBe(0);
});

test("a folder that is gone is no defect of ours", async () => {
  mkdirSync(at("gone"));
  const child = promisify(execFile)("bash", ["-c", `cd "$1" && rmdir "$1" && exec "$2" "$3" list`, "bash", at("gone"), process.execPath, CLI]).catch((error: unknown) => error as { readonly code: number; readonly stderr: string });
  expect(await child).toMatchObject({ code: 4, stderr: expect.stringContaining("the folder that you are in is gone") as string });
  expect(() => rmdirSync(at("gone"))).toThrow();
});

test.skipIf(userInfo().uid !== 0)("a temporary folder that PostgreSQL's user can't get through to is said as that", () => {
  expect(() => expectPassable("/tmp")).not.toThrow();
  chmodSync(folder.path, 0o700);
  expect(() => expectPassable(at("folder"))).toThrow(expect.objectContaining({ exitCode: 4, code: "folder-closed", place: folder.path }));
});
