// What people's journeys add to a drill: the application started again, a browser, and one journey or the shop's four.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ROOT } from "../harness/base/files.ts";
import { readForRun } from "../harness/conduct/run-drill.ts";
import { findDrill } from "../harness/drill/parse.ts";
import { makeJourneys } from "../harness/observe/journeys.ts";
import { openRuntime } from "../harness/topology/open-runtime.ts";
import { startTopology } from "../harness/topology/topology.ts";
import { spread } from "./figures.ts";

const RUNS = 5;
const ONE = `import { expect, test } from "@playwright/test";
test("the totals of orders and of their lines agree", async ({ page }) => {
  await page.goto("/reports/totals");
  await expect(page.locator("#ordered")).toHaveText(await page.locator("#lines").innerText());
});
`;

export async function journeys(): Promise<void> {
  const { drill, system, others, application: declared } = await readForRun({ file: await findDrill("rolled-out-and-back") });
  const own = join(ROOT, ".cache", "bench-journeys"); // below the repository: tests import Playwright from where they lie
  await mkdir(own, { recursive: true });
  await writeFile(join(own, "one.spec.ts"), ONE);
  await using runtime = await openRuntime({ kind: "process", why: "a figure" }, "bench-journeys");
  try {
    const { application } = await startTopology({ runtime, drill, system, others, application: declared, say: () => undefined, onSecret: () => undefined });
    if (!application) throw new Error("the drill has no application");
    const { versions } = application;
    for (const [what, folder] of [["one journey", relative(ROOT, own)], ["the shop's four", drill.checks?.journeys ?? ""]] as const) {
      const took: number[] = [];
      for (let i = 0; i <= RUNS; i++) {
        await application.stop();
        const runDirectory = await mkdtemp(join(tmpdir(), "tb-bench-"));
        const began = performance.now();
        await application.startAgain(versions);
        const made = await makeJourneys({ folder, urls: application.urls, runDirectory, workDirectory: runtime.workDirectory, withinMs: 60_000 });
        if (i > 0) took.push((performance.now() - began) / 1_000); // the first one compiles
        await rm(runDirectory, { recursive: true });
        const wrong = made.find(({ state }) => state !== "passed");
        if (wrong) throw new Error(`${wrong.name}: ${wrong.error}`);
      }
      console.log(`  ${what}, with the application started again: ${spread(took, 1)} s`);
    }
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
