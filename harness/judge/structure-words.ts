// How a field's change is told: short values as they are, long ones by where they differ, lists by what came and went.

import type { Compared } from "./scorecard.ts";
import type { Change } from "./structure.ts";

const SHORT = 80;

export function describeChange({ field, was, is }: Change): string {
  if (field === "pendingDetach") return "its detach is pending";
  if (Array.isArray(was) && Array.isArray(is)) return `${field}: ${listChange(was, is)}`;
  const [a, b] = [text(was), text(is)];
  if (a.length <= SHORT && b.length <= SHORT) return `${field}: ${a} → ${b}`;
  const [before, after] = [a.split("\n"), b.split("\n")];
  const line = before.findIndex((part, i) => part !== after[i]);
  const at = line === -1 ? before.length : line;
  return `${field}${before.length > 1 ? `, line ${at + 1}` : ""}: ${excerpts(before[at] ?? "(ends)", after[at] ?? "(ends)")}`;
}

/** The same field by field, whole. */
export function comparedChanges(changes: readonly Change[]): Compared[] {
  return changes.map(({ field, was, is }) => ({ key: field, expected: was === null ? null : text(was), held: is === null ? null : text(is) }));
}

/** Both from a little before where they part. */
function excerpts(a: string, b: string): string {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const from = Math.max(0, same - 25);
  const cut = (line: string) => `${from > 0 ? "..." : ""}${line.slice(from, from + SHORT).trim()}${line.length > from + SHORT ? "..." : ""}`;
  return `${cut(a)} → ${cut(b)}`;
}

/** What only one of them has; their order where that is all. */
function listChange(was: readonly unknown[], is: readonly unknown[]): string {
  const [a, b] = [was.map(text), is.map(text)];
  const [gone, come] = [a.filter((item) => !b.includes(item)), b.filter((item) => !a.includes(item))];
  if (gone.length === 0 && come.length === 0) return `${a.join(", ")} → ${b.join(", ")}`;
  return [...(gone.length > 0 ? [`without ${gone.join(", ")}`] : []), ...(come.length > 0 ? [`with ${come.join(", ")}`] : [])].join(", ");
}

function text(value: unknown): string {
  return value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
}
