// Drills of the catalogue as tests: beside each other, as in a suite, each with the verdict that it declares.

import { afterAll, beforeAll, test } from "vitest";
import { Rehearsers } from "../../harness/cli/rehearsers.ts";
import { twiceIfSpoiled } from "../../harness/cli/suite.ts";
import type { HarnessErrorFields } from "../../harness/base/errors.ts";
import { readDrill } from "../../harness/drill/parse.ts";
import { ask } from "../../harness/judge/ask.ts";
import { surprises } from "../../harness/judge/expectation.ts";
import type { RuntimeKind } from "../../harness/topology/runtime.ts";
import { temporaryFolder } from "./drills.ts";
import { expectNothingMoreThan, whatIsThere } from "./no-leftovers.ts";

/** What this machine lacks: CI must be able to do everything; elsewhere it is said, and skipped. */
function isLacking(failure: unknown): failure is HarnessErrorFields {
  const { code = "" } = (failure ?? {}) as Partial<HarnessErrorFields>;
  return ["missing-capability", "no-browser"].includes(code) && process.env["CI"] !== "true";
}

/** To be called where tests are described as concurrent. @param afterwards looks at what is left when all are over */
export function scenariosAsDeclared(runtime: RuntimeKind, drills: readonly (readonly [name: string, file: string])[], afterwards: () => Promise<void> = () => Promise.resolve()): void {
  const rehearsers = new Rehearsers();
  let before: ReturnType<typeof whatIsThere>;
  beforeAll(() => { before = whatIsThere(); });
  afterAll(async () => {
    await rehearsers[Symbol.asyncDispose]();
    await expectNothingMoreThan(before);
    await afterwards();
  });

  test.for(drills)("%s gives the verdict that it declares", { meta: { sharesServices: true } }, async ([, file], { skip, expect, signal }) => {
    const drill = await readDrill(file);
    await using folder = await temporaryFolder();
    const { card, failure, directory, surprises: wrong, again } = await twiceIfSpoiled(drill.expect, async (alone) => {
      const rehearsed = await rehearsers.rehearse({ file, drill, runtime, seed: 1, runsDirectory: folder.path }, signal, { alone })
        .catch((error: unknown) => {
          if (isLacking(error)) skip(error.message);
          throw error;
        });
      return { ...rehearsed, surprises: surprises(drill.expect, rehearsed.card) };
    });
    if (again !== undefined) console.log(`${drill.name} was rehearsed again, as a suite does: ${again}`);
    if (isLacking(failure)) skip(failure.message);
    expect(failure).toBeUndefined();
    expect(wrong).toEqual([]);
    expect(card.runtime).toBe(runtime);
    const answers = await ask(directory, card.findings.map(({ query }) => query));
    card.findings.forEach(({ kind, query }, i) => expect(answers[i]?.length, `${kind}: ${query}`).toBeGreaterThan(0));
  });
}
