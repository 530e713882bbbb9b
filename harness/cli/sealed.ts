// Whether a finished run is as it was sealed, said before anything is read from it: of one that isn't, nothing can be met.

import { HarnessError, messageOf } from "../base/errors.ts";
import { requireRun } from "../evidence/run-directory.ts";
import { verifySeal, type Breach } from "../evidence/seal.ts";
import { judge } from "../judge/judge.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import { warn } from "./print.ts";

/** Of so many breaches each is named; `turnback verify` names all. */
const NAMED = 3;

/** Judges a run. One with breaches of its seal can't be met, and says why. */
export async function judgeAsSealed(run: string, breaches: readonly Breach[]): Promise<Scorecard> {
  if (breaches.length === 0) return judge(run);
  try {
    return await judge(run, [doubtAbout(breaches)]);
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    throw new HarnessError({ // of a run as it was sealed, this would be a defect of the judge
      code: "evidence-malformed", kind: "run", place: run, cause: error, message: `the run can't be judged: ${doubtAbout(breaches)} (${messageOf(error)})`, remedy: "`turnback verify` names what was changed; rehearse again",
    });
  }
}

/** Warns on standard error of a run that is not as it was sealed, and gives where it isn't. */
export async function warnIfUnsealed(run: string): Promise<readonly Breach[]> {
  await requireRun(run);
  const { breaches } = await verifySeal(run);
  if (breaches.length > 0) warn(`turnback: ${doubtAbout(breaches)}\n  do: turnback verify ${run}`);
  return breaches;
}

/** As one sentence, with its places. */
export function doubtAbout(breaches: readonly Breach[]): string {
  const named = breaches.slice(0, NAMED).map(({ file, line, what }) => `${file}${line === undefined ? "" : `:${line}`}: ${what}`);
  return `this run is not as it was sealed (${[...named, ...(breaches.length > NAMED ? [`and ${breaches.length - NAMED} more`] : [])].join("; ")})`;
}
