// Trees of processes: nothing of one may outlive its end.

import { setTimeout as delay } from "node:timers/promises";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { inspect, killTree, processTree, signal, signalTree, start, stopTree } from "../../harness/base/process.ts";

/** A process that starts children as fast as it can until it is killed, and writes their ids down. */
async function breeder() {
  const folder = await mkdtemp(join(tmpdir(), "turnback-tree-"));
  const ids = join(folder, "ids");
  const child = await start({
    command: "bash", logFile: join(folder, "log"),
    args: ["-c", `while ((SECONDS < 20)); do sleep 60 & echo $! >> ${ids}; done; wait`],
  });
  const children = async () => (await readFile(ids, "utf8")).split("\n").filter(Boolean).map(Number);
  onTestFinished(async () => {
    await killTree(child.pid);
    for (const pid of await children()) signal(pid, "SIGKILL");
    await rm(folder, { recursive: true });
  });
  while (processTree(child.pid).length < 5) await delay(1);
  return { child, children };
}

const alive = (pid: number) => ![undefined, "Z"].includes(inspect(pid)?.state);

test("a tree that is killed while it grows leaves nobody behind", { repeats: 9 }, async () => {
  const { child, children } = await breeder();
  await killTree(child.pid);
  await delay(20);
  expect((await children()).filter(alive)).toEqual([]);
});

test("a tree that is stopped while it grows stands still, and goes on when it may", async () => {
  const { child } = await breeder();
  const stopped = await stopTree(child.pid);
  await delay(50);
  expect(processTree(child.pid).toSorted()).toEqual(stopped.toSorted());
  signalTree(child.pid, "SIGCONT");
  while (processTree(child.pid).length <= stopped.length) await delay(1);
});

test("what a program writes to its third descriptor comes line by line, and what it was killed in the middle of as well", async () => {
  const folder = await mkdtemp(join(tmpdir(), "turnback-lines-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const lines: string[] = [];
  const child = await start({ command: "bash", args: ["-c", "echo said; printf 'one\\ntwo\\nhal' >&3; kill -9 $$"], logFile: join(folder, "log"), onLine: (line) => lines.push(line) });
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  await vi.waitFor(() => expect(lines).toEqual(["one", "two", "hal"]));
  expect(await readFile(join(folder, "log"), "utf8")).toBe("said\n");
});
