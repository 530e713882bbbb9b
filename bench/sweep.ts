// What a sweep finds in plans that are wrong at one moment, and how long a point takes: every point of each, in the process runtime.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../harness/base/files.ts";
import { spread } from "./figures.ts";

type Swept = { readonly points: readonly { readonly during: string; readonly step: string; readonly at: string; readonly fault: string; readonly verdict: string; readonly missed: readonly string[]; readonly tookMs: number }[] };

/** Drills, what strikes them, and how they go back; what is wrong is in the plan's own comment. */
const PLANS = [
  { drill: "applied-twice", faults: "kill", ways: "down" },
  { drill: "resumed-twice", faults: "kill", ways: "resume" },
  { drill: "invalid-index", faults: "own", ways: "down" },
  { drill: "column-before-trigger", faults: "down@migration", ways: "down" },
  { drill: "lost-in-between", faults: "kill", ways: "down" },
] as const;

export async function sweep(): Promise<void> {
  const all: number[] = [];
  for (const { drill, faults, ways } of PLANS) {
    const runs = await mkdtemp(join(tmpdir(), "tb-bench-"));
    try {
      const asked = [join(ROOT, "harness/cli/turnback.ts"), "sweep", drill, "--faults", faults, "--ways", ways, "--runtime", "process", "--runs", runs, "--budget", "1h", "--json"];
      const { stdout } = await promisify(execFile)(process.execPath, asked, { cwd: ROOT, maxBuffer: 50e6 }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? "" }));
      const { points } = JSON.parse(stdout) as Swept;
      const missed = points.filter(({ verdict }) => verdict === "missed");
      const unknown = points.filter(({ verdict }) => verdict === "unknown").length;
      const first = points.findIndex(({ verdict }) => verdict === "missed");
      console.log(`  ${drill}, ${faults}, back by ${ways}: ${missed.length} of ${points.length} points missed, ${unknown} unknown${first < 0 ? "; not found" : `; found by point ${first + 1}: ${missed[0]?.during}, ${missed[0]?.step}, ${missed[0]?.at}: ${missed[0]?.missed.join(", ")}`}`);
      all.push(...points.map(({ tookMs }) => tookMs / 1_000));
    } finally {
      await rm(runs, { recursive: true, force: true });
    }
  }
  console.log(`  a point, from the prepared data to its sealed scorecard: ${spread(all, 1)} s; ${(60 / (all.reduce((sum, s) => sum + s, 0) / all.length)).toFixed(1)} points a minute`);
}
