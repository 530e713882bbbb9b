// Failures at the command line: one message that names the place and the remedy, and an exit code.

import { HarnessError, messageOf } from "../base/errors.ts";
import { warn } from "./print.ts";

/** Prints to standard error and returns the exit code. */
export function fail(error: unknown, debug: boolean): number {
  const known = error instanceof HarnessError ? error : undefined;
  const lines = [`turnback: ${messageOf(error)}`];
  if (known?.place && !known.message.includes(known.place)) lines.push(`  at: ${known.place}`);
  if (known?.remedy) lines.push(`  do: ${known.remedy}`);
  else if (!known && !debug) lines.push("  do: this is a defect of turnback; run again with --debug for the stack");
  warn(lines.join("\n"));
  if (debug && error instanceof Error) warn(error.stack ?? "");
  return known?.exitCode ?? 2;
}
