// A throttled process runs for a part of the time, and one that is paused meanwhile doesn't run at all.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pause } from "../../harness/base/deadline.ts";
import { inspect, killTree, processTree } from "../../harness/base/process.ts";
import { Throttle } from "../../harness/topology/throttle.ts";

test("a throttle lets nobody go on who is paused, and lets them go on afterwards", async () => {
  const child = spawn("sleep", ["60"]);
  const pid = child.pid ?? 0;
  let paused = false;
  const throttle = new Throttle(0.4, () => pid, () => paused);
  const states = async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const state = inspect(pid)?.state ?? "gone";
      seen.add("RS".includes(state) ? "running" : state);
      await pause(6);
    }
    return [...seen].sort();
  };
  try {
    expect(await states()).toEqual(["T", "running"]);
    paused = true;
    await pause(250); // until its next turn
    expect(await states()).toEqual(["T"]);
    paused = false;
    await pause(250);
    expect(await states()).toEqual(["T", "running"]);
    paused = true;
    await pause(250);
    throttle.end();
    expect(await states(), "the end of the throttle is not that of the pause").toEqual(["T"]);
  } finally {
    throttle.end();
    child.kill("SIGKILL");
  }
});

test("a throttle keeps to its share though its own turns come late", async () => {
  const child = spawn("bash", ["-c", "while :; do :; done"]);
  const pid = child.pid ?? 0;
  /** Processor time that it has had, in milliseconds: fields 14 and 15 of its stat, after the name, in hundredths of a second. */
  const used = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  const throttle = new Throttle(0.1, () => pid, () => false);
  try {
    const [from, before] = [performance.now(), used()];
    while (performance.now() - from < 4_000) {
      for (const busyUntil = performance.now() + 70; performance.now() < busyUntil;); // nobody gets a turn meanwhile
      await pause(1);
    }
    expect((used() - before) / (performance.now() - from)).toBeLessThan(0.2);
  } finally {
    throttle.end();
    child.kill("SIGKILL");
  }
});

test("whoever is born while the others are stopped is stopped, too", async () => {
  const child = spawn("bash", ["-c", "while :; do sleep 0.3 & sleep 0.002; done"]);
  const root = child.pid ?? 0;
  const stateOf = (pid: number) => inspect(pid)?.state ?? "Z";
  const throttle = new Throttle(0.1, () => root, () => false);
  const free: number[] = [];
  try {
    let stoppedSince = Infinity;
    for (const until = performance.now() + 8_000; performance.now() < until; await pause(4)) {
      if (stateOf(root) !== "T") stoppedSince = Infinity;
      else if (stoppedSince === Infinity) stoppedSince = performance.now();
      else if (stoppedSince > 0 && performance.now() - stoppedSince > 50) {
        stoppedSince = 0; // one look each time
        free.push(processTree(root).filter((pid) => !["T", "Z"].includes(stateOf(pid))).length);
      }
    }
    expect(free.length, "it was stopped again and again").toBeGreaterThan(5); // of some forty
    expect(free.filter((running) => running > 0)).toEqual([]);
  } finally {
    throttle.end();
    await killTree(root);
  }
});
