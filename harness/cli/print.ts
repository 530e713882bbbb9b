// How commands print: text for people, one JSON document for machines.

import { forTerminal } from "../base/visible.ts";
import type { Scorecard, Verdict } from "../judge/scorecard.ts";

export type Json = { readonly json?: boolean };

export const EXIT: Readonly<Record<Verdict, number>> = { met: 0, missed: 1, unknown: 2 };

/** To standard output, whatever somebody has put into the text. */
export function print(text: string): void {
  process.stdout.write(lines(text));
}

/** To standard error: what isn't what was asked for. */
export function warn(text: string): void {
  process.stderr.write(lines(text));
}

const lines = (text: string) => forTerminal(text.endsWith("\n") ? text : `${text}\n`);

export function printJson(data: unknown): void {
  print(JSON.stringify(data, null, 2));
}

/** The one form of a scorecard in a file; byte for byte the same for the same evidence. */
export function scorecardText(card: Scorecard): string {
  return `${JSON.stringify(card, null, 2)}\n`;
}
