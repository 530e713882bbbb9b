// Failures at the command line: one message that names the place and the remedy, and an exit code.

import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { warn } from "./print.ts";

/** What the machine lacks, by the code of a system's error; exit code 4. */
const LACKS: Readonly<Record<string, string>> = {
  ENOSPC: "make room, or choose another place; what was written before is kept", EDQUOT: "make room within the quota, or choose another place", EROFS: "choose a place that can be written to",
  EACCES: "let this user in there, or choose another place", EMFILE: "let this user open more files: ulimit -n", ENFILE: "the machine has too many files open: end something", ENOMEM: "free some memory",
};

/** Prints to standard error and returns the exit code. */
export function fail(error: unknown, debug: boolean): number {
  const known = error instanceof HarnessError ? error : undefined;
  const lacks = known ? undefined : LACKS[codeOf(error) ?? ""];
  const lines = [`turnback: ${messageOf(error)}`];
  if (known?.place && !known.message.includes(known.place)) lines.push(`  at: ${known.place}`);
  if (known?.remedy) lines.push(`  do: ${known.remedy}`);
  else if (lacks !== undefined) lines.push(`  do: ${lacks}`);
  else if (!known && !debug) lines.push("  do: this is a defect of turnback; run again with --debug for the stack");
  warn(lines.join("\n"));
  if (debug && error instanceof Error) warn(error.stack ?? "");
  if (/no space left on device|\bENOSPC\b/i.test(messageOf(error))) return 4; // whoever noticed it first: the load, the packer or the judge
  return known?.exitCode ?? (lacks === undefined ? 2 : 4);
}
