// The order of differences: what opens data or breaks clients stands first, and what nobody notices last.

import type { Compared, Finding } from "./scorecard.ts";

/** One difference, of a missing or left-over object or of one field of another one. */
export type Part = { readonly object: string; readonly fate: string; readonly field?: string; readonly was: string | null; readonly is: string | null };

/** What a finding of the structure is made of; nothing of another kind. */
export function partsOf({ kind, examples }: Pick<Finding, "kind" | "examples">): readonly Part[] {
  const [, object = "", fate = ""] = /^(.*)-(missing|left-over|changed)$/.exec(kind) ?? [];
  if (fate === "") return [];
  if (fate !== "changed") return [{ object, fate, was: null, is: null }];
  return (examples as readonly Compared[]).map(({ key, expected, held }) => ({ object, fate, field: key, was: expected, is: held }));
}

const grantsOf = (text: string | null): readonly string[] => (text?.startsWith("[") === true ? (JSON.parse(text) as readonly unknown[]).map(String) : []);
export const rightsGiven = ({ was, is }: Part): readonly string[] => grantsOf(is).filter((grant) => !grantsOf(was).includes(grant));
export const rightsTaken = ({ was, is }: Part): readonly string[] => grantsOf(was).filter((grant) => !grantsOf(is).includes(grant));

const of = (...names: readonly string[]) => new Set(names);
const [OPENS, OPENED] = [of("rowSecurity", "forceRowSecurity"), of("super", "bypassrls", "createrole", "createdb", "replication", "canlogin")];
const HOLDS_DATA = of("relation", "column", "constraint", "trigger", "type", "schema", "function", "sequence", "large-object", "role", "extension", "foreign-key-trigger", "rule", "policy");
const DECIDES = of("type", "notNull", "default", "identity", "generated", "definition", "enabled", "labels", "validated", "enforced", "partitionBound", "partitionKey", "parents", "pendingDetach", "populated", "value", "inForce", "increment", "cycle", "using", "check", "permissive", "command", "roles", "attributes", "collation", "references", "viewRule", "min", "max", "typid", "password", "passwordKind", "validUntil", "connlimit");
/** Nobody meets these. */
const QUIET = of("comment", "statistics", "position", "storage", "compression", "align", "clustered", "islocal", "inhcount", "toastOptions", "columnOptions", "parallel", "cache", "start");

/** 0 opens data, 1 breaks clients or what is written, 2 slows or may trip, 3 is another owner or option, 4 nobody notices. */
export function urgencyOf(part: Part): number {
  const { object, fate, field = "", is } = part;
  if (fate === "missing") return object === "policy" ? 0 : HOLDS_DATA.has(object) ? 1 : object === "index" || object === "setting" ? 2 : object === "statistics" || object.startsWith("text-search") ? 4 : 3;
  if (fate === "left-over") return object === "grant" || object === "default-grant" || object === "policy" ? 0 : ["trigger", "rule", "constraint", "setting", "foreign-key-trigger"].includes(object) ? 1 : object === "statistics" ? 4 : 3;
  if (OPENS.has(field)) return is === "true" ? 1 : 0;
  if (object === "role" && OPENED.has(field)) return is === "true" ? 0 : 1;
  if (object === "policy" && field !== "comment") return 0;
  if (field === "grants") return rightsGiven(part).length > 0 ? 0 : 1;
  if (QUIET.has(field)) return 4;
  if (object === "index" || object === "statistics") return 2;
  return DECIDES.has(field) ? 1 : field === "persistence" ? 1 : field === "owner" ? 2 : 3;
}

/** The most urgent of what is different, first: by that a finding is told. Of another kind it is between what breaks and what may trip. */
export function leadingPart(finding: Pick<Finding, "kind" | "examples">): Part | undefined {
  return partsOf(finding).toSorted((a, b) => urgencyOf(a) - urgencyOf(b))[0];
}

/** Of a finding: opened to everybody is first of all. */
export function urgency(finding: Pick<Finding, "kind" | "examples">): number {
  const part = leadingPart(finding);
  if (!part) return 1.5;
  return urgencyOf(part) - (part.field === "grants" && rightsGiven(part).some((grant) => grant.startsWith("PUBLIC=")) ? 0.5 : 0);
}

/** Whether anything of it can be why clients are refused or served otherwise. */
export const matters = (finding: Pick<Finding, "kind" | "examples">): boolean => urgency(finding) < 4;
