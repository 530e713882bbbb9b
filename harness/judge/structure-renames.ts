// Renames that were not undone: what is missing and what is left over are one object, under another name.

import type { Difference } from "./structure.ts";

/** A missing object by the left-over one that it is, it seems: the same in all but its name, and no other one is. */
export function renamesOf(all: readonly Difference[]): ReadonlyMap<Difference, Difference> {
  const [missing, left] = [all.filter(({ was, is }) => was && !is), all.filter(({ was, is }) => !was && is)];
  const pairs = missing.flatMap((gone) => left.filter((come) => isRenamed(gone, come, all)).map((come) => [come, gone] as const));
  return new Map(pairs.filter(([come, gone]) => pairs.filter(([a, b]) => a === come || b === gone).length === 1));
}

export const renamedTo = (name: string): string => `there before, and ${CALLED}${name} now: a rename that was not undone, it seems`;
const CALLED = "called ";
/** The name that it has now, of a finding's words. */
export const newName = (detail: string): string | undefined => /^there before, and called (.*) now: a rename/.exec(detail)?.[1];

/** Whether all that changed of an object is another's name. */
export function namesOther({ was, is, changes }: Difference, renames: ReadonlyMap<Difference, Difference>): Difference | undefined {
  if (!was || !is || changes.length === 0) return undefined;
  const text = (side: "was" | "is") => JSON.stringify(changes.map((change) => change[side]));
  for (const [come, gone] of renames) if (renamed(text("was"), nameOf(gone), nameOf(come)) === text("is")) return gone;
  return undefined;
}

/** Without its table, its schema, and its arguments. */
export function nameOf({ kind, subject }: Pick<Difference, "kind" | "subject">): string {
  const own = kind.startsWith("function-") ? subject.split("(")[0] ?? subject : subject.split(": ").at(-1) ?? subject;
  return own.split(".").at(-1) ?? own;
}

function isRenamed(gone: Difference, come: Difference, all: readonly Difference[]): boolean {
  const [was, is] = [gone.was, come.is];
  if (!was || !is || was.kind !== is.kind || nameOf(gone) === nameOf(come) || !RENAMED.has(was.kind)) return false;
  const alike = (from: unknown, to: unknown) => renamed(JSON.stringify(from), nameOf(gone), nameOf(come)) === JSON.stringify(to);
  if (was.kind === "function" && gone.subject.slice(gone.subject.indexOf("(")) !== come.subject.slice(come.subject.indexOf("("))) return false;
  if (!alike(was.detail, is.detail)) return false;
  if (was.kind !== "relation") return true;
  const columns = (fate: "was" | "is", table: string) => all.flatMap((one) => {
    const object = one[fate];
    return object?.kind === "column" && object.detail["table"] === table ? [[nameOf(one), object.detail["type"], object.detail["position"]]] : [];
  });
  const [before, now] = [columns("was", was.name), columns("is", is.name)];
  return before.length > 0 && JSON.stringify(before) === JSON.stringify(now);
}

const RENAMED: ReadonlySet<string> = new Set(["column", "relation", "index", "constraint", "trigger", "function", "sequence", "type", "policy", "rule"]);

const renamed = (text: string, from: string, to: string): string => text.replaceAll(new RegExp(`(?<![\\w$])${from.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w$])`, "g"), () => to);
