// Every scenario is a working example: each runs, beside others as in a suite, and gives the verdict that it declares.

import { afterAll, beforeAll, describe, test } from "vitest";
import { listDrillFiles, readDrill } from "../../harness/drill/parse.ts";
import { surprises } from "../../harness/judge/expectation.ts";
import { Rehearsers } from "../../harness/cli/rehearsers.ts";
import { twiceIfSpoiled } from "../../harness/cli/suite.ts";
import { ask } from "../../harness/judge/ask.ts";
import { temporaryFolder } from "../support/drills.ts";
import { expectNothingMoreThan, whatIsThere } from "../support/no-leftovers.ts";

const drills = await Promise.all((await listDrillFiles()).map(async ({ file }) => ({ file, drill: await readDrill(file) })));

describe.concurrent("scenarios in the process runtime", () => {
  const rehearsers = new Rehearsers();
  let before: ReturnType<typeof whatIsThere>;
  beforeAll(() => { before = whatIsThere(); });
  afterAll(async () => {
    await rehearsers[Symbol.asyncDispose]();
    expectNothingMoreThan(before);
  });

  test.for(drills.map(({ file, drill }) => [drill.name, file] as const))("%s gives the verdict that it declares", { meta: { sharesServices: true } }, async ([, file], { skip, expect, signal }) => {
    const drill = await readDrill(file);
    await using folder = await temporaryFolder();
    const { card, failure, directory, surprises: wrong, again } = await twiceIfSpoiled(drill.expect, async () => {
      const rehearsed = await rehearsers.rehearse({ file, drill, runtime: "process", seed: 1, runsDirectory: folder.path }, signal);
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
