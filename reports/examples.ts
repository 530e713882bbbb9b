// Examples of values that are not as they should be, alike in every report: key, expected, held.

import { visible } from "../harness/base/visible.ts";
import type { Compared, Finding } from "../harness/judge/scorecard.ts";

/** Those of a finding that compare values, in rows of three texts; none where its examples are something else. */
export function comparedRows({ examples }: Pick<Finding, "examples">, most: number): readonly (readonly [key: string, expected: string, held: string])[] {
  return examples.filter(isCompared).slice(0, most).map(({ key, field, expected, held }) => [field === undefined ? key : `${key} ${field}`, expected ?? "NULL", held ?? "NULL"]);
}

function isCompared(example: unknown): example is Compared {
  if (typeof example !== "object" || example === null) return false;
  const { key, expected, held } = example as Partial<Record<string, unknown>>;
  return typeof key === "string" && (typeof expected === "string" || expected === null) && (typeof held === "string" || held === null);
}

const HEADS = ["key", "expected", "held"] as const;
const GAP = 2;
const LEAST = 8;

/** In three columns of plain text, `width` wide at most: what is longer is shown from a little before where the two values part. */
export function exampleLines(finding: Pick<Finding, "examples">, width: number, most = 3): string[] {
  const rows = comparedRows(finding, most).map((row) => row.map((text) => oneLine(text)));
  if (rows.length === 0) return [];
  const widths = columnWidths(HEADS.map((head, i) => Math.max(head.length, ...rows.map((row) => lengthOf(row[i] ?? "")))), width - 2 * GAP);
  const shown = rows.map(([key = "", expected = "", held = ""]) => [cut(key, widths[0] ?? 0, 0), ...excerpts(expected, held, [widths[1] ?? 0, widths[2] ?? 0])]);
  return [HEADS, ...shown].map((row) => row.map((text, i) => text + " ".repeat(Math.max(0, (widths[i] ?? 0) - lengthOf(text)))).join(" ".repeat(GAP)).trimEnd());
}

/** Both from a little before where they part, on one line each. */
export function excerpts(expected: string, held: string, [wide, high]: readonly [number, number]): readonly [string, string] {
  const [a, b] = [oneLine(expected), oneLine(held)];
  const from = Math.min(whereTheyPart(a, b, wide), whereTheyPart(b, a, high));
  return [cut(a, wide, from), cut(b, high, from)];
}

/** As wide as they want to be; where that is too much, the widest give. */
function columnWidths(wanted: readonly number[], all: number): number[] {
  const widths = [...wanted];
  for (let over = widths.reduce((sum, width) => sum + width, 0) - all; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= LEAST) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

const characters = (text: string) => [...text];
const lengthOf = (text: string) => characters(text).length;
/** Control characters, too, would break a line or a terminal. */
const oneLine = (text: string) => (text === "" ? "''" : visible(text.replaceAll(/\r?\n/g, "⏎").replaceAll("\t", "⇥")));

/** Where to begin so that the first difference is seen; 0 where the text fits, or parts early. */
function whereTheyPart(text: string, other: string, width: number): number {
  const [a, b] = [characters(text), characters(other)];
  if (a.length <= width && b.length <= width) return 0;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  return same < width - 3 ? 0 : same - Math.floor(width / 3);
}

function cut(text: string, width: number, from: number): string {
  const all = characters(text);
  const rest = from > 0 && all.length > width ? ["…", ...all.slice(from + 1)] : all;
  return rest.length <= width ? rest.join("") : `${rest.slice(0, Math.max(1, width - 1)).join("")}…`;
}
