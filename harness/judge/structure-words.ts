// What changed of an object, short enough to be read: the whole value, or where a long one differs.

import { inWords } from "./catalogue-letters.ts";
import type { Compared } from "./scorecard.ts";
import type { Change } from "./structure.ts";

const SHORT = 80;

/** Catalogue names that don't say what they mean. */
const SAID: Readonly<Record<string, string>> = {
  rowSecurity: "row security", forceRowSecurity: "row security for the owner", notNull: "NOT NULL", replicaIdentity: "replica identity", partitionBound: "partition's bound", partitionKey: "partition key", accessMethod: "access method",
  viewRule: "the view's rule", using: "USING", check: "WITH CHECK", canlogin: "may log in", super: "superuser", bypassrls: "bypasses row security", createdb: "may create databases", createrole: "may create roles",
  connlimit: "connections at most", validUntil: "valid until", toastOptions: "TOAST options", dependsOn: "depends on extensions", ownedBy: "owned by", alltables: "all tables",
};
const fieldInWords = (field: string) => SAID[field] ?? field;

/** @param kind of the object: one field of several kinds has letters of their own */
export function describeChange(change: Change, kind = ""): string {
  const { field } = change;
  const [was, is] = [inWords(kind, field, change.was), inWords(kind, field, change.is)];
  const name = fieldInWords(field);
  if (field === "pendingDetach") return "its detach is pending";
  if (Array.isArray(was) && Array.isArray(is)) return `${name}: ${listChange(was, is)}`;
  const [a, b] = [text(was), text(is)];
  if (a.length <= SHORT && b.length <= SHORT && !`${a}${b}`.includes("\n")) return `${name}: ${a} → ${b}`;
  if (was === null || is === null) return `${name}: ${short(a)} → ${short(b)}`;
  return `${name}${differenceOf(a, b)}`;
}

/** The same field by field, whole. */
export function comparedChanges(changes: readonly Change[], kind = ""): Compared[] {
  const shown = (field: string, value: unknown) => (value === null ? null : text(inWords(kind, field, value)));
  return changes.map(({ field, was, is }) => ({ key: field, expected: shown(field, was), held: shown(field, is) }));
}

/** Where two long texts part and meet again: what only one of them says, and in which line. */
function differenceOf(was: string, is: string): string {
  const [a, b] = [was, is].map(tokens) as [readonly string[], readonly string[]];
  let from = 0;
  while (from < a.length && alike(a[from], b[from])) from += 1;
  let same = 0;
  while (same < Math.min(a.length, b.length) - from && alike(a[a.length - 1 - same], b[b.length - 1 - same])) same += 1;
  const [gone, come] = [a.slice(from, a.length - same), b.slice(from, b.length - same)].map((part) => short(part.join("").replaceAll(/\s+/g, " ").trim())) as [string, string];
  const line = a.slice(0, from).join("").split("\n").length + (/^\s*\n/.test(a[from] ?? "") ? 1 : 0);
  const where = was.includes("\n") ? `, line ${line}` : "";
  if (gone === "" && come === "") return `${where}: other blanks alone`;
  if (come === "") return `${where}: without ${quoted(gone)}`;
  if (gone === "") return `${where}: with ${quoted(come)}`;
  // A little of what stands before says where it is.
  const lead = a.slice(Math.max(0, from - 4), from).join("").replaceAll(/\s+/g, " ").trimStart();
  return `${where}: ${lead}${gone} → ${lead}${come}`;
}

/** Words, blanks and signs: so that what is alike isn't cut within a word. */
const tokens = (text: string): readonly string[] => text.match(/[\p{L}\p{N}_$]+|\s+|[^\p{L}\p{N}_$\s]/gu) ?? [];
const alike = (a = "", b = "") => a === b || (a.trim() === "" && b.trim() === "" && a !== "" && b !== "");
const short = (said: string) => (said.length > SHORT ? `${said.slice(0, SHORT).trim()}...` : said);
const quoted = (said: string) => (said.includes('"') ? said : `"${said}"`);

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
