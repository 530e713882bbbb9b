// Structure: how the schema after the way back differs from the one before, or from the one that must be there.

import type { Objectives } from "../drill/schema.ts";
import type { SchemaObject } from "./run-record.ts";
import { reasonsOf } from "./excuses.ts";
import type { Fate } from "./kinds.ts";
import { meansTheSame } from "./same-meaning.ts";
import type { Finding } from "./scorecard.ts";
import { withCauses } from "./structure-causes.ts";
import { urgency } from "./structure-order.ts";
import { comparedChanges, describeChange } from "./structure-words.ts";
import { unpopulated } from "./unreadable.ts";

export type Expected = "before" | "reference";
type Asked = Partial<Pick<NonNullable<Objectives["structure"]>, "columnOrder" | "ignore">>;

/** One field of an object that is another. */
export type Change = { readonly field: string; readonly was: unknown; readonly is: unknown };
/** A finding with what it is about: `was` is missing of what is left over, `is` of what is gone. */
export type Difference = Finding & { readonly was: SchemaObject | undefined; readonly is: SchemaObject | undefined; readonly changes: readonly Change[] };

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
    return [{ ...finding(object, "left-over", `${added.length === 1 ? "a label" : "labels"} that no row uses: ${added.join(", ")}; PostgreSQL can't take ${added.length === 1 ? "it" : "them"} away, and the same migration must expect ${added.length === 1 ? "it" : "them"}`, [added]), kind: "enum-label-left-over" }];
  });
}

/**
 * One finding a cause: `trigger-missing`, `column-left-over`, `index-changed`; what follows from it hangs below it.
 * What counts, and what is worth knowing: a column's place where nobody asks for it, and what the drill ignores with a reason. What is
 * ignored until a day counts in runs that started after it.
 */
export function judgeStructure(before: readonly SchemaObject[], after: readonly SchemaObject[], { columnOrder = false, ignore = [] }: Asked, startedAt: string, expected: Expected = "before"): { readonly findings: Finding[]; readonly warnings: Finding[] } {
  const all = differences(before, after, expected);
  const moved = columnOrder ? [] : all.filter(({ changes }) => changes.some(isPlace));
  const placed = columnOrder ? all : all.flatMap((difference) => withoutPlace(difference));
  const respelled = placed.filter(({ is, changes }) => changes.length > 0 && changes.every((change) => meansTheSame(is?.kind ?? "", change)));
  const others = placed.filter((difference) => !respelled.includes(difference));
  const reason = reasonsOf(ignore, startedAt);
  const reasonOf = ({ kind, subject }: Finding) => reason(`${kind} ${subject}`);
  const counted = withCauses(others.filter((difference) => reasonOf(difference) === undefined).flatMap(unpopulated));
  const ignored = others.flatMap((difference) => {
    const why = reasonOf(difference);
    return why === undefined ? [] : [{ ...plain(difference), detail: `${difference.detail} (ignored: ${why})` }];
  });
  return { findings: counted.toSorted((a, b) => urgency(a) - urgency(b)), warnings: [...structureWarnings(before, after), ...orderChanged(moved), ...respelled.map(spelledOtherwise), ...ignored] };
}

const spelledOtherwise = (difference: Difference): Finding => ({ ...plain(difference), kind: "spelled-otherwise", subject: `${difference.is?.kind} ${difference.subject}`, detail: `${difference.detail}; it means the same` });

const isPlace = ({ field }: Change) => field === "position";

function withoutPlace(difference: Difference): Difference[] {
  const changes = difference.changes.filter((change) => !isPlace(change));
  if (changes.length === difference.changes.length) return [difference];
  return changes.length === 0 ? [] : [{ ...difference, changes, detail: changes.map((change) => describeChange(change, difference.is?.kind)).join("; "), examples: comparedChanges(changes, difference.is?.kind) }];
}

/** One line a table. */
function orderChanged(moved: readonly Difference[]): Finding[] {
  const tables = Map.groupBy(moved, ({ is }) => String(is?.detail["table"]));
  return [...tables].map(([table, columns]): Finding => ({
    kind: "column-order-changed", subject: table, count: 1, examples: [],
    detail: `the columns stand in another order: ${columns.map(({ is, changes }) => `${is?.name.slice(table.length + 1)} ${changes.filter(isPlace).map(({ was, is: now }) => `${String(was)} → ${String(now)}`).join("")}`).join(", ")}; only who reads or writes them without names meets it`,
    query: `select o.name, o.detail->>'position' as position from ${objectsOf("after")} where o.kind = 'column' and o.detail->>'table' = '${table.replaceAll("'", "''")}'`,
  }));
}

function plain({ was: _was, is: _is, changes: _changes, ...rest }: Difference): Finding {
  return rest;
}

function differences(all: readonly SchemaObject[], now: readonly SchemaObject[], expected: Expected): Difference[] {
  const [before, after] = [ranked(all, now), ranked(now, all)];
  const name = ({ kind, name: object }: SchemaObject) => `${kind} ${object}`;
  const was = new Map(before.map((object) => [name(object), object]));
  const is = new Map(after.map((object) => [name(object), object]));
  const missing = before.filter((object) => !is.has(name(object)))
    .map((object) => ({ ...finding(object, "missing", expected === "before" ? "there before, and gone" : "it must be there, and isn't", [object.detail], expected), was: object, is: undefined, changes: [] }));
  const others = after.flatMap((object): Difference[] => {
    const old = was.get(name(object));
    if (!old) return [{ ...finding(object, "left-over", expected === "before" ? "not there before" : "it must not be there", [object.detail]), was: undefined, is: object, changes: [] }];
    const changed = changes(old, object);
    return changed.length === 0 ? [] : [{ ...finding(object, "changed", changed.map((change) => describeChange(change, object.kind)).join("; "), comparedChanges(changed, object.kind)), was: old, is: object, changes: changed }];
  });
  return [...missing, ...others];
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

function changes(old: SchemaObject, now: SchemaObject): Change[] {
  const fields = [...new Set([...Object.keys(old.detail), ...Object.keys(now.detail)])];
  return fields
    .map((field) => ({ field, was: old.detail[field] ?? null, is: now.detail[field] ?? null }))
    .filter(({ field, was, is }) => JSON.stringify(was) !== JSON.stringify(is) && !isBenign(now.kind, field, was, is, now.detail))
    .filter((change, _, all) => !(change.field === "grants" && goesWithOwner(change, all.find(({ field }) => field === "owner"))));
}

/** The owner's own rights are another's where the owner is another: that is no second difference. */
function goesWithOwner({ was, is }: Change, owner: Change | undefined): boolean {
  if (!owner || !Array.isArray(was) || !Array.isArray(is)) return false;
  const prefix = `${String(owner.was)}=`;
  const now = was.map(String).map((grant) => (grant.startsWith(prefix) ? `${String(owner.is)}=${grant.slice(prefix.length)}` : grant));
  return JSON.stringify(now.toSorted()) === JSON.stringify(is.map(String).toSorted());
}

/** Read as text: the fields of different kinds have no type in common. */
const objectsOf = (file: string) => `read_json('${file}/structure.json', columns = {kind: 'varchar', name: 'varchar', detail: 'json'}) o`;

function finding(object: SchemaObject, what: Fate, detail: string, examples: readonly unknown[], file = "after"): Finding {
  return {
    kind: `${object.kind}-${what}`, subject: object.name, detail, count: 1, examples,
    query: `select o.name, o.detail from ${objectsOf(file)} where o.kind = '${object.kind}' and o.name = '${object.name.replaceAll("'", "''")}'`,
  };
}
