// Structure: how the schema after the way back differs from the one before, or from the one that must be there.

import type { SchemaObject } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";

/** Differences that change nothing: a constraint that is validated now and wasn't before, and labels at an enum's end that nobody uses. */
function isBenign(kind: string, field: string, was: unknown, is: unknown, { unused }: SchemaObject["detail"]): boolean {
  if (kind === "constraint" && field === "validated") return was === false && is === true;
  if (kind !== "type") return false;
  return field === "unused" || (field === "labels" && Array.isArray(unused) && addedLabels(was, is)?.every((label) => unused.includes(label)) === true);
}

/** The labels that an enum has at its end, and hadn't; undefined where that is not all that is different. */
function addedLabels(was: unknown, is: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(was) || !Array.isArray(is) || !was.every((label, i) => label === is[i])) return undefined;
  return is.slice(was.length);
}

/** What is different and hurts nobody, and yet is worth knowing: an enum's label can't be taken away, and adding it again fails. */
export function structureWarnings(before: readonly SchemaObject[], after: readonly SchemaObject[]): Finding[] {
  return after.flatMap((object) => {
    const old = object.kind === "type" ? before.find(({ kind, name }) => kind === "type" && name === object.name) : undefined;
    const [was, is] = [old?.detail["labels"], object.detail["labels"]];
    const added = addedLabels(was, is) ?? [];
    if (added.length === 0 || !isBenign("type", "labels", was, is, object.detail)) return [];
    return [{ ...finding(object, "left-over", `${added.length === 1 ? "a label" : "labels"} that no row uses: ${added.join(", ")}; PostgreSQL can't take ${added.length === 1 ? "it" : "them"} away, and the same migration must expect ${added.length === 1 ? "it" : "them"}`, added), kind: "enum-label-left-over" }];
  });
}

/** One finding an object: `trigger-missing`, `column-left-over`, `index-changed`. */
export function compareStructure(all: readonly SchemaObject[], now: readonly SchemaObject[], expected: "before" | "reference" = "before"): Finding[] {
  const [before, after] = [ranked(all, now), ranked(now, all)];
  const name = ({ kind, name: object }: SchemaObject) => `${kind} ${object}`;
  const was = new Map(before.map((object) => [name(object), object]));
  const is = new Map(after.map((object) => [name(object), object]));
  const findings: Finding[] = [];
  for (const object of before) {
    if (!is.has(name(object))) findings.push(finding(object, "missing", expected === "before" ? "there before, and gone" : "it must be there, and isn't", object.detail, expected));
  }
  for (const object of after) {
    const old = was.get(name(object));
    if (!old) {
      findings.push(finding(object, "left-over", expected === "before" ? "not there before" : "it must not be there", object.detail));
      continue;
    }
    const changed = changes(old, object);
    if (changed.length > 0) {
      findings.push(finding(object, "changed", changed.map(({ field, was: a, is: b }) => `${field}: ${show(a)} → ${show(b)}`).join("; "), changed));
    }
  }
  return findings;
}

/** Columns ranked among those that are there on both sides: one that is missing does not move the others. */
function ranked(objects: readonly SchemaObject[], others: readonly SchemaObject[]): SchemaObject[] {
  const there = new Set(others.filter(({ kind }) => kind === "column").map(({ name }) => name));
  const common = objects.filter(({ kind, name }) => kind === "column" && there.has(name)).sort((a, b) => Number(a.detail["position"]) - Number(b.detail["position"]));
  const ranks = new Map<string, number>();
  const next = new Map<unknown, number>();
  for (const { name, detail } of common) {
    const rank = (next.get(detail["table"]) ?? 0) + 1;
    next.set(detail["table"], rank);
    ranks.set(name, rank);
  }
  return objects.map((object) => (object.kind === "column" && ranks.has(object.name) ? { ...object, detail: { ...object.detail, position: ranks.get(object.name) } } : object));
}

function changes(old: SchemaObject, now: SchemaObject): { readonly field: string; readonly was: unknown; readonly is: unknown }[] {
  const fields = [...new Set([...Object.keys(old.detail), ...Object.keys(now.detail)])];
  return fields
    .map((field) => ({ field, was: old.detail[field] ?? null, is: now.detail[field] ?? null }))
    .filter(({ field, was, is }) => JSON.stringify(was) !== JSON.stringify(is) && !isBenign(now.kind, field, was, is, now.detail));
}

function finding(object: SchemaObject, what: "missing" | "left-over" | "changed", detail: string, example: unknown, file = "after"): Finding {
  return {
    kind: `${object.kind}-${what}`, subject: object.name, detail, count: 1, examples: [example],
    query: `select unnest(o.detail) from read_json('${file}/structure.json') o where o.kind = '${object.kind}' and o.name = '${object.name.replaceAll("'", "''")}'`,
  };
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
