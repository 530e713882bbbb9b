// One rehearsal, from a drill's file to a sealed run: conducted, packed, judged, written.

import { messageOf } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { runDrill, type RunOptions, type RunResult } from "../conduct/run-drill.ts";
import { evidenceError } from "../evidence/evidence-error.ts";
import { packRun } from "../evidence/pack.ts";
import { PATHS } from "../evidence/run-directory.ts";
import { sealRun } from "../evidence/seal.ts";
import type { KeyObject } from "../evidence/signature.ts";
import { judge } from "../judge/judge.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import { findLeftovers } from "../topology/leftovers.ts";
import { renderHtml } from "../../reports/html.ts";
import { scorecardText } from "./print.ts";

/** @throws HarnessError when the run can't be begun, or its evidence can't be written */
export async function rehearse(options: RunOptions, key?: KeyObject): Promise<{ readonly card: Scorecard; readonly result: RunResult }> {
  for (const left of await findLeftovers()) {
    process.stderr.write(`turnback: run ${left.run} left ${left.what.join(", ")}; \`turnback clean\` removes it\n`);
  }
  const result = await runDrill(options);
  if (result.failure && ["evidence-disk-full", "evidence-unwritable"].includes(result.failure.code)) throw result.failure;
  try {
    await packRun(result.directory, result.system.entities);
  } catch (error) {
    process.stderr.write(`turnback: the run stays as it was written, line by line: ${messageOf(error)}\n`);
  }
  const card = await judge(result.directory);
  const page = renderHtml(card);
  try {
    await writeAtomically(`${result.directory}/${PATHS.scorecard}`, scorecardText(card));
    await writeAtomically(`${result.directory}/${PATHS.page}`, page);
    await sealRun(result.directory, result.chainHead, key);
  } catch (error) {
    throw evidenceError(result.directory, error);
  }
  return { card, result };
}
