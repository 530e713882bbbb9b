// Evidence that has not the form in which it was written: it is said so, and never judged.

import type { z } from "zod";
import { HarnessError } from "../../base/errors.ts";

const REMEDY = "`turnback verify` says whether the run was changed after it was sealed; if it was not, another version of turnback wrote it: rehearse again";

/** @param place the file, with its line or field */
export function malformed(file: string, what: string, place = file, cause?: unknown): HarnessError {
  return new HarnessError({ code: "evidence-malformed", kind: "run", place, message: `${file} ${what}`, remedy: REMEDY, cause });
}

/**
 * Checks what was read against its form, and gives it back as it is: fields that no form names stay.
 * @throws HarnessError `evidence-malformed` that names the file and the first field that doesn't fit
 */
export function inForm<T>(data: unknown, form: z.ZodType, file: string, line?: number): T {
  const { error } = form.safeParse(data);
  if (!error) return data as T;
  throw misfit(error, file, line);
}

/** What a form says of data that doesn't fit it. */
export function misfit(error: z.ZodError, file: string, line?: number): HarnessError {
  const [first] = error.issues;
  const field = first?.path.map(String).join(".") ?? "";
  const at = `${file}${line === undefined ? "" : `:${line}`}`;
  return malformed(at, `is not as turnback writes it${field === "" ? "" : `: ${field}`}: ${first?.message ?? "it has another form"}`, `${at}${field === "" ? "" : `, ${field}`}`, error);
}
