// Every scenario is a working example: each runs, and gives the verdict that it declares.

import { describe, expect, test } from "vitest";
import { listDrillFiles, readDrill } from "../../harness/drill/parse.ts";
import { surprises } from "../../harness/judge/expectation.ts";
import { twiceIfSpoiled } from "../../harness/cli/suite.ts";
import { ask } from "../../harness/judge/ask.ts";
import { rehearse, temporaryFolder } from "../support/drills.ts";

const drills = await Promise.all((await listDrillFiles()).map(async ({ file }) => ({ file, drill: await readDrill(file) })));

describe("scenarios in the process runtime", () => {
  test.for(drills.map(({ file, drill }) => [drill.name, file] as const))("%s gives the verdict that it declares", async ([, file], { skip }) => {
    const drill = await readDrill(file);
    await using folder = await temporaryFolder();
    const { card, failure, directory, surprises: wrong, again } = await twiceIfSpoiled(drill.expect, async () => {
      const rehearsed = await rehearse(file, { runtime: "process", runs: folder.path });
      return { ...rehearsed, surprises: surprises(drill.expect, rehearsed.card) };
    });
    if (again !== undefined) console.log(`${drill.name} was rehearsed again, as a suite does: ${again}`);
    // CI must be able to do everything; elsewhere what the machine lacks is said, and skipped.
    if (failure?.code === "missing-capability" && process.env["CI"] !== "true") skip(failure.message);
    expect(failure).toBeUndefined();
    expect(wrong).toEqual([]);
    const answers = await ask(directory, card.findings.map(({ query }) => query));
    card.findings.forEach(({ kind, query }, i) => expect(answers[i]?.length, `${kind}: ${query}`).toBeGreaterThan(0));
  });
});
