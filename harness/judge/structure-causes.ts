// Causes before their consequences: a table that is gone takes its columns along, and that is one difference, not twenty.

import type { Consequence, Finding } from "./scorecard.ts";
import { settingInWords } from "./setting-words.ts";
import type { Difference } from "./structure.ts";
import { nameOf, namesOther, renamedTo, renamesOf } from "./structure-renames.ts";

/** Consequences hang below their cause; what has none stands alone. Nothing is dropped: the cause counts at least as one. */
export function withCauses(all: readonly Difference[]): Finding[] {
  const renames = renamesOf(all);
  const cause = causesOf(all, renames);
  const called = new Map([...renames].map(([come, gone]) => [gone, come]));
  const root = (difference: Difference): Difference => {
    const seen = new Set<Difference>();
    let at = difference;
    for (let up = cause.get(at); up !== undefined && !seen.has(up); up = cause.get(at)) { seen.add(at); at = up; }
    return at;
  };
  const below = Map.groupBy(all.filter((difference) => root(difference) !== difference), root);
  const roots = all.filter((difference) => root(difference) === difference);
  return roots.map((difference) => {
    const { was: _was, is: _is, changes: _changes, ...finding } = difference;
    const consequences = (below.get(difference) ?? []).map(({ kind, subject, detail }): Consequence => ({ kind, subject, detail }));
    const now = called.get(difference);
    const detail = now ? renamedTo(nameOf(now)) : inWords(difference, below.get(difference) ?? []);
    return consequences.length === 0 ? { ...finding, detail } : { ...finding, detail, consequences };
  });
}

const SWAPPED = "stays with what was the table before";

function inWords(difference: Difference, below: readonly Difference[]): string {
  const { kind, detail, was, is, changes } = difference;
  if (kind === "relation-changed" && pendingDetach(is)) return `${detail}: its rows are hidden from who asks the parent, and not lost; ALTER TABLE ... DETACH PARTITION ... FINALIZE, and attach it again`;
  if (kind.startsWith("setting-")) return settingInWords(difference.subject, was, is);
  const swapped = below.filter(({ changes: inner }) => inner.length > 0 && kind === "relation-left-over");
  if (kind === "relation-left-over" && swapped.length > 0) return `${detail}: another table was put in its place, and ${swapped.map(({ subject }) => subject).join(", ")} ${SWAPPED}`;
  return changes.length === 0 && below.length > 0 ? `${detail}, with ${below.length} that belong to it` : detail;
}

function pendingDetach(object: Difference["is"]): boolean {
  return JSON.stringify(object?.detail["parents"] ?? null).includes('"pendingDetach":true');
}

/** By difference the one that it follows from. */
function causesOf(all: readonly Difference[], renames: ReadonlyMap<Difference, Difference>): Map<Difference, Difference> {
  const by = new Map(all.map((difference) => [`${difference.kind} ${difference.subject}`, difference]));
  const cause = new Map<Difference, Difference>();
  for (const difference of all) {
    const up = belongsTo(difference, by) ?? renames.get(difference) ?? namesOther(difference, renames) ?? ofParents(difference, by) ?? ofRole(difference, by) ?? ofSwap(difference, all);
    if (up && up !== difference) cause.set(difference, up);
  }
  return cause;
}

/** Gone with its table, schema or column; or come with them. A foreign key goes with the table that it refers to. */
function belongsTo({ kind, was, is, changes, subject }: Difference, by: ReadonlyMap<string, Difference>): Difference | undefined {
  const object = was ?? is;
  if (!object || (changes.length > 0)) return undefined;
  const how = was ? "missing" : "left-over";
  const { table, references, schema, ownedBy, definition } = object.detail;
  const found = (of: string, name: unknown) => (typeof name === "string" ? by.get(`${of}-${how} ${name}`) : undefined);
  const relation = found("relation", table) ?? found("relation", references);
  const column = kind === `sequence-${how}` ? found("column", ownedBy) : ["index", "constraint"].some((of) => kind === `${of}-${how}`) ? ofColumn(String(table), String(definition), how, by) : undefined;
  // An index is its constraint's: it has the constraint's name.
  const constraint = kind === `index-${how}` ? found("constraint", `${String(table)}: ${subject.replace(/^.*\./, "")}`) : kind === `foreign-key-trigger-${how}` ? found("constraint", subject) : undefined;
  return found("schema", schema) ?? relation ?? column ?? constraint;
}

/** One of its columns is gone: PostgreSQL drops indexes and constraints with a column. */
function ofColumn(table: string, definition: string, how: string, by: ReadonlyMap<string, Difference>): Difference | undefined {
  for (const [name, difference] of by) {
    const prefix = `column-${how} ${table}.`;
    if (name.startsWith(prefix) && word(name.slice(prefix.length)).test(definition)) return difference;
  }
  return undefined;
}

/** What says that it came from a parent. */
const INHERITED = new Set(["islocal", "inhcount", "parent", "parents"]);

/** A table that has other parents now: its columns, constraints and indexes have, too, and a key has its triggers by itself. */
function ofParents({ kind, was, changes }: Difference, by: ReadonlyMap<string, Difference>): Difference | undefined {
  const table = by.get(`relation-changed ${String(was?.detail["table"])}`);
  if (changes.length === 0 || !table?.changes.some(({ field }) => field === "parents")) return undefined;
  const states = (value: unknown) => JSON.stringify([...new Set(Array.isArray(value) ? value.map(String) : [])]);
  const follows = changes.every(({ field, was: a, is: b }) => INHERITED.has(field) || (kind === "foreign-key-trigger-changed" && states(a) === states(b)));
  return follows ? table : undefined;
}

/** Rights and ownership that went with a role. */
function ofRole({ changes, was }: Difference, by: ReadonlyMap<string, Difference>): Difference | undefined {
  if (!was || changes.length === 0) return undefined;
  for (const [name, role] of by) {
    if (!name.startsWith("role-missing ")) continue;
    const who = name.slice("role-missing ".length);
    const follows = changes.every(({ field, was: a, is: b }) => (field === "owner" ? a === who : field === "grants" && gone(a, b).length > 0 && [...gone(a, b), ...gone(b, a)].every((grant) => grant.startsWith(`${who}=`))));
    if (follows) return role;
  }
  return undefined;
}

function gone(from: unknown, to: unknown): string[] {
  return Array.isArray(from) ? from.map(String).filter((item) => !(Array.isArray(to) && to.map(String).includes(item))) : [];
}

/**
 * A table was swapped where another one is left over and what named the table before names that one now, and nothing else of it is
 * another: views, keys and defaults go with the table, and not with its name.
 */
function ofSwap({ was, is, changes }: Difference, all: readonly Difference[]): Difference | undefined {
  if (!was || !is || changes.length === 0) return undefined;
  return all.find((other) => {
    if (other.kind !== "relation-left-over" || !other.is) return false;
    const name = word(other.subject);
    const now = changes.map(({ is: value }) => JSON.stringify(value));
    if (!now.every((value) => name.test(value))) return false;
    const before = JSON.stringify(changes.map(({ was: value }) => value));
    const candidates = new Set(before.match(/[\w.]+/g) ?? []);
    return [...candidates].some((candidate) => candidate !== other.subject && JSON.stringify(changes.map(({ is: value }) => value)).replaceAll(new RegExp(name.source, "g"), (_, left: string) => `${left}${candidate}`) === before);
  });
}

/** A name as a whole word. */
function word(name: string): RegExp {
  return new RegExp(`(^|[^\\w])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w])`);
}
