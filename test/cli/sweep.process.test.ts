// `turnback sweep` for real: it finds what no drill asked for, goes on where it stopped, and keeps the evidence of what failed.

import { execFile } from "node:child_process";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { exists, ROOT } from "../../harness/base/files.ts";
import { smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

type Swept = { readonly verdict: string; readonly coverage: number; readonly points: readonly { readonly during: string; readonly step: string; readonly at: string; readonly fault: string; readonly way: string; readonly verdict: string; readonly missed: readonly string[]; readonly run: string | null }[] };

async function turnback(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return promisify(execFile)(process.execPath, [join(ROOT, "harness/cli/turnback.ts"), ...args], { cwd: ROOT, maxBuffer: 50e6 }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }));
}

test("a sweep finds the step that is undone by nobody, and the same command goes on", async () => {
  await using folder = await temporaryFolder();
  const runs = join(folder.path, "runs");
  // Five pieces are set aside by one step, and put back by the next one's way back: between the two nobody puts them back.
  const file = await writeDrill(folder.path, smallDrill({ migration: { plan: "fixtures/systems/shop/migrations/wrong-applied-twice" } }));
  const sweep = (budget: string) => turnback("sweep", file, "--faults", "kill", "--runtime", "process", "--seed", "67", "--runs", runs, "--budget", budget, "--json", "--junit", join(folder.path, "sweep.xml"));
  const first = await sweep("1");
  const one = JSON.parse(first.out) as Swept;
  expect(one.points).toMatchObject([{ fault: "kill", way: "down", during: "rollback", step: "set-aside", at: "after", verdict: "met", run: null }]);
  expect([first.code, one.verdict], "what was not tried is not known").toEqual([2, "unknown"]);
  expect(one.coverage).toBeCloseTo(1 / 13);

  await mkdir(join(runs, (await readdir(runs))[0] ?? "", "points", "interrupted")); // as by a crash in the midst of a point
  const second = await sweep("1");
  const two = JSON.parse(second.out) as Swept;
  expect(second.err).toContain("13 points (process runtime, seed 67), going on after 1");
  expect([second.code, two.verdict]).toEqual([1, "missed"]);
  const [, missed] = two.points;
  expect(missed).toMatchObject({ during: "migration", step: "close-shelf", at: "before", verdict: "missed", missed: ["consistency"] });
  const [directory, ...others] = (await readdir(runs)).map((name) => join(runs, name));
  expect(others).toEqual([]);
  expect(await exists(join(directory!, missed?.run ?? "none"))).toBe(true);
  expect(await readdir(join(directory!, "points")), "of what was met nothing is kept").toEqual([dirname(missed?.run ?? "").split("/").at(-1)]);
  expect(await readFile(join(directory!, "sweep.html"), "utf8")).toContain("migration, before close-shelf");
  expect(await readFile(join(folder.path, "sweep.xml"), "utf8")).toContain('tests="13" failures="1" errors="0" skipped="11"');
});

test.for([
  [["--faults", "kaboom"], 'there is no fault|"kaboom" is no fault'], [["--ways", "sideways"], 'there is no way back "sideways"'], [["--budget", "soon"], '"soon" is neither a time nor a number of tries'],
  [["--ways", "volume-back"], "volume-back needs a volume swap"], [["--faults", "kill,kill@replica"], "there is no replica"], [["--faults", "kill,names-gone"], `can't do "names-gone" here: it lacks names`, 4],
] as const)("a sweep with %j is refused before anything starts", async ([args, says, exit = 3]) => {
  await using folder = await temporaryFolder();
  const { code, err } = await turnback("sweep", await writeDrill(folder.path, smallDrill()), "--runs", join(folder.path, "runs"), "--runtime", "process", ...args);
  expect(err).toMatch(new RegExp(says));
  expect(code).toBe(exit);
  expect(await exists(join(folder.path, "runs"))).toBe(false);
});
