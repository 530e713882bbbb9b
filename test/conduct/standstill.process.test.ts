// A load that its machine does not run must not read as an outage of the system, nor as none.

import { readFile, readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { pause } from "../../harness/base/deadline.ts";
import { rehearse, smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

/** This test's own k6, by its parent. */
async function loadOfThisProcess(): Promise<number> {
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(stat) ?? [];
    if (name === "k6" && Number(parent) === process.pid) return Number(entry);
  }
  throw new Error("no k6 runs");
}

test.for([[2_500, "unknown"], [0, "met"]] as const)("a load that is stopped for %i ms: %s", async ([stoppedMs, verdict]) => {
  await using folder = await temporaryFolder();
  const drill = smallDrill({ load: { ...smallDrill().load, arrivalsPerSecond: 100, patienceMs: 1_000 }, objectives: { availability: { min: 0.995 }, recovery: { maxMs: 2_000 }, loss: { maxLostWrites: 0 } } });
  let stopped: Promise<void> | undefined;
  const { card, failure, events } = await rehearse(await writeDrill(folder.path, drill), {
    runtime: "process", runs: folder.path,
    onEvent: (event) => {
      if (stoppedMs > 0 && event.kind === "phase" && event.phase === "recovery" && event.state === "started") stopped = stopFor(stoppedMs);
    },
  });
  await stopped;
  expect(failure).toBeUndefined();
  expect(card.summary.includes("The machine itself stood still"), card.summary).toBe(verdict === "unknown");
  expect(card.verdict).toBe(verdict);
  const longest = Math.max(0, ...events.flatMap((event) => (event.kind === "standstill" && event.of === "load" ? [(event.t - event.from) / 1e6] : [])));
  expect(longest).toBeGreaterThanOrEqual(stoppedMs - 50);
  if (stoppedMs > 0) expect(card.objectives.find(({ name }) => name === "availability")).toMatchObject({ verdict: "unknown", reason: expect.stringContaining("the load's own doing") });
});

async function stopFor(ms: number): Promise<void> {
  const load = await loadOfThisProcess();
  process.kill(load, "SIGSTOP");
  await pause(ms);
  process.kill(load, "SIGCONT");
}
