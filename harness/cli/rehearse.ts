// One rehearsal, from a drill's file to a sealed run: conducted, packed, judged, written.

import { unlessAborted } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { runDrill, type RunOptions, type RunResult } from "../conduct/run-drill.ts";
import { evidenceError } from "../evidence/evidence-error.ts";
import { packRun, type PackedEntity } from "../evidence/pack.ts";
import { PATHS } from "../evidence/run-directory.ts";
import { sealRun } from "../evidence/seal.ts";
import type { KeyObject } from "../evidence/signature.ts";
import { judge } from "../judge/judge.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import { removeAbandoned } from "../topology/cache.ts";
import { findLeftovers } from "../topology/leftovers.ts";
import { renderHtml } from "../../reports/html.ts";
import { scorecardText, warn } from "./print.ts";

/** An interrupted run is packed, judged as unknown and sealed all the same, where that is soon done. */
const CONCLUDED_WITHIN_MS = 1_500;

/** @throws HarnessError when the run can't be begun, or its evidence can't be written */
export async function rehearse(options: RunOptions, key?: KeyObject): Promise<{ readonly card: Scorecard; readonly result: RunResult }> {
  const result = await conducted(options);
  const card = await unlessAborted(options.signal, CONCLUDED_WITHIN_MS, concluded({ ...result, entities: result.system.entities }, { key })).catch((error: unknown) => {
    if (error !== options.signal.reason) throw error;
    throw new HarnessError({
      code: "interrupted", kind: "run", place: result.directory, message: `${messageOf(error)} while it was packed and judged; all that it has seen is kept as it was written`, remedy: `turnback judge ${result.directory}`, cause: error,
    });
  });
  return { card, result };
}

/** The first half, which other work on the machine may disturb. */
export async function conducted(options: RunOptions): Promise<RunResult> {
  await removeAbandoned(); // half-made parts of the cache, which are nobody's any more
  for (const left of await findLeftovers()) {
    warn(`turnback: run ${left.run} left ${left.what.join(", ")}; \`turnback clean\` removes it`);
  }
  const result = await runDrill(options);
  if (result.failure && ["evidence-disk-full", "evidence-unwritable"].includes(result.failure.code)) throw result.failure;
  return result;
}

export type Run = Pick<RunResult, "directory" | "chainHead"> & { readonly entities: readonly PackedEntity[] };

/**
 * The second half: what was done is done, and is only to be packed, judged and sealed.
 * @param how.keep whether somebody will keep the run, as its scorecard says; if not, it is judged from what was written, and left as it is
 */
export async function concluded({ directory, chainHead, entities }: Run, { key, keep }: { readonly key?: KeyObject | undefined; readonly keep?: (card: Scorecard) => boolean } = {}): Promise<Scorecard> {
  const first = keep && await judge(directory);
  if (first && !keep(first)) return first;
  try {
    await packRun(directory, entities);
  } catch (error) {
    warn(`turnback: the run stays as it was written, line by line: ${messageOf(error)}`);
  }
  const card = await judge(directory);
  const page = renderHtml(card);
  try {
    await writeAtomically(`${directory}/${PATHS.scorecard}`, scorecardText(card));
    await writeAtomically(`${directory}/${PATHS.page}`, page);
    await sealRun(directory, chainHead, key);
  } catch (error) {
    throw evidenceError(directory, error);
  }
  return card;
}
