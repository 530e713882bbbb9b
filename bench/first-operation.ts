// From `turnback run` to the first operation of the load, in both runtimes.

import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "../harness/base/deadline.ts";
import { ROOT } from "../harness/base/files.ts";
import { tryEngines } from "../harness/topology/engine.ts";
import { median, spread } from "./figures.ts";

const GOAL_SECONDS = { process: 3, docker: 8 } as const;

export async function firstOperation(rounds = 3): Promise<void> {
  const engine = (await tryEngines()).some(({ answers }) => answers);
  for (const runtime of ["process", ...(engine ? (["docker"] as const) : [])] as const) {
    await once(runtime); // prepares the data or the image, once
    const seconds: number[] = [];
    for (let i = 0; i < rounds; i++) seconds.push(await once(runtime));
    const goal = GOAL_SECONDS[runtime];
    console.log(`  ${runtime}: ${spread(seconds, 2)} s; ${(median(seconds) / goal).toFixed(2)} of the goal of ${goal} s`);
  }
  if (!engine) console.log("  docker: no engine answers");
}

async function once(runtime: "process" | "docker"): Promise<number> {
  const runs = await mkdtemp(join(tmpdir(), "tb-bench-"));
  const start = process.hrtime.bigint();
  const child = spawn(process.execPath, [join(ROOT, "harness/cli/turnback.ts"), "run", "split-customer-name", "--runtime", runtime, "--runs", runs], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await waitUntil({
      what: "first operation", withinMs: 120_000, everyMs: 2,
      check: async () => {
        const [run] = await readdir(runs);
        return run && (await stat(join(runs, run, "ledger/outcomes.ndjson"))).size > 0 ? true : undefined;
      },
    });
    return Number(process.hrtime.bigint() - start) / 1e9;
  } finally {
    child.kill("SIGINT");
    await ended;
    await rm(runs, { recursive: true, force: true });
  }
}
