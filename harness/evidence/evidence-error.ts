// A run directory that can't be written: without evidence nothing can be claimed.

import { HarnessError, codeOf, messageOf } from "../base/errors.ts";

/** A write to the run directory that failed: nothing can be claimed without evidence. */
export function evidenceError(place: string, error: unknown): HarnessError {
  const full = codeOf(error) === "ENOSPC";
  return new HarnessError({
    code: full ? "evidence-disk-full" : "evidence-unwritable",
    kind: "environment",
    message: full ? `no space left under the run directory while writing ${place}` : `the run directory can't be written: ${messageOf(error)}`,
    place,
    remedy: full ? "free some space or choose another place with --runs DIR" : "check the folder given with --runs",
    cause: error,
  });
}
