// What a difference of the schema means, in one sentence, and what the way back must do about it: by what of the object is most urgent.

import { newName } from "./structure-renames.ts";
import { leadingPart, rightsGiven, rightsTaken, type Part } from "./structure-order.ts";
import type { Finding } from "./scorecard.ts";

type Headline = readonly [consequence: string, advice: string];

/** `patients: patients_audit` is told as `patients_audit on patients`. */
function nameOf(object: string, subject: string): string {
  const at = subject.lastIndexOf(": ");
  const named = at === -1 ? subject : `${subject.slice(at + 2)} on ${subject.slice(0, at)}`;
  return `${object.replaceAll("-", " ")} ${object === "default-grant" ? madeBy(subject) : ["grant", "setting"].includes(object) ? subject : named}`;
}

/** `migrator in public: r` is told as `migrator in public: tables`. */
const MADE: Readonly<Record<string, string>> = { r: "tables", S: "sequences", f: "functions", T: "types", n: "schemas", L: "large objects" };
const madeBy = (subject: string) => subject.replace(/(?<=: )[rSfTnL]$/, (letter) => MADE[letter] ?? letter);

/** `app=SELECT` and `app=UPDATE` are told as `app may SELECT, UPDATE`. */
function rights(grants: readonly string[]): string {
  const by = Map.groupBy(grants.map((grant) => grant.split("=")), ([who = ""]) => who);
  return [...by].map(([who, some]) => `${who} may ${some.map(([, right = ""]) => right.replace("*", " (and may pass it on)")).join(", ")}`).join("; ");
}

function ofGrants(name: string, part: Part): Headline {
  const [given, taken] = [rightsGiven(part), rightsTaken(part)];
  if (given.length === 0 && taken.length === 0) return [`Rights on the ${name} are others than before.`, "Let the way back GRANT and REVOKE what was so before."];
  const more = taken.length > 0 && given.length > 0 ? ` Others are gone: ${rights(taken).replaceAll(" may ", " ")}.` : "";
  if (given.some((grant) => grant.startsWith("PUBLIC="))) return [`The ${name} is open to everybody: ${rights(given)}, which was not so before.${more}`, "REVOKE them from PUBLIC in the way back, and see who used them meanwhile."];
  if (given.length > 0) return [`Rights on the ${name} are wider than before: ${rights(given)}.${more}`, "REVOKE them in the way back, and see who used them meanwhile."];
  return [`Rights on the ${name} are gone: ${rights(taken).replaceAll(" may ", " no longer may ")}, and is refused.`, "GRANT them again in the way back: what is dropped and made anew has none of its old rights."];
}

const FIELDS: Readonly<Record<string, (name: string, part: Part) => Headline | undefined>> = {
  grants: ofGrants,
  enabled: (name, { object, was, is }) => {
    const does = object === "rule" ? "applies" : "fires";
    if (object === "foreign-key-trigger") return [`The ${name} is not enforced as before (${was} → ${is}): rows that refer to nothing may be written.`, "ALTER TABLE ... ENABLE TRIGGER ALL as the last step of the way back, and look for orphans."];
    if (is === "disabled") return [`The ${name} is disabled: it doesn't ${object === "rule" ? "apply" : "fire"}, and what it did is left undone.`, "ALTER TABLE ... ENABLE it in the way back, and do for the rows of meanwhile what it would have done."];
    return [`The ${name} ${does} at other times than before: it was ${was}, and is ${is}.`, "Let the way back ENABLE it as it was."];
  },
  rowSecurity: (name, { is }) => (is === "true" ? [`Row security of the ${name} is on, and was off: who has no policy sees no rows.`, "DISABLE ROW LEVEL SECURITY in the way back."]
    : [`Row security of the ${name} is off: everybody who may read it sees all of its rows.`, "ENABLE ROW LEVEL SECURITY in the way back, before clients come back."]),
  forceRowSecurity: (name, { is }) => [`The owner of the ${name} is ${is === "true" ? "held to its policies, and was not" : "no longer held to its policies, and sees all rows"}.`, "Let the way back put FORCE ROW LEVEL SECURITY back as it was."],
  owner: (name, { was, is }) => [`The owner of the ${name} is now ${is ?? "nobody"}, and was ${was ?? "nobody"}: who may alter or drop it is another.`, "ALTER ... OWNER TO the old owner in the way back, or run its statements as that role."],
  default: (name, { was, is }) => (is === null ? [`The ${name} has no default any more (it was ${was}): rows that leave it out get NULL or are refused.`, "SET DEFAULT again in the way back."]
    : was === null ? [`The ${name} has a default that it had not: ${is}.`, "DROP DEFAULT in the way back."] : [`The default of the ${name} is now ${is}, and was ${was}: new rows hold something else.`, "SET DEFAULT as it was in the way back, and mend the rows of meanwhile."]),
  notNull: (name, { is }) => (is === "true" ? [`The ${name} is NOT NULL now, and was not: rows without it are refused.`, "DROP NOT NULL in the way back."] : [`The ${name} is no longer NOT NULL: rows may lack it.`, "SET NOT NULL in the way back, after a look for rows that lack it."]),
  identity: (name, { was, is }) => [`The ${name} gets its numbers otherwise: identity was ${was ?? "none"}, and is ${is ?? "none"}.`, "Let the way back make it an identity as before, and set its sequence."],
  labels: (name, { was, is }) => [`The labels of the ${name} are others, or stand in another order: what rows hold reads and sorts otherwise.`, `Rename them back, or make the type anew with the labels of before (${was ?? "none"}; now ${is ?? "none"}).`],
  parents: (name, { is }) => (is === null || is === "[]" ? [`The ${name} belongs to no other table any more: who asks the parent doesn't see its rows.`, "ATTACH PARTITION (or INHERIT) again in the way back."] : [`The ${name} belongs to other tables than before.`, "ATTACH or DETACH it in the way back as it was."]),
  partitionBound: (name, { was, is }) => (is === null ? [`The ${name} is detached: its rows are hidden from who asks the parent.`, "ATTACH PARTITION again in the way back."] : [`The ${name} takes other rows than before: its bound was ${was ?? "none"}, and is ${is}.`, "Let the way back attach it with its old bound."]),
  persistence: (name, { was, is }) => [`The ${name} is now ${is}, and was ${was}.`, "ALTER TABLE ... SET LOGGED (or UNLOGGED) in the way back."],
  validated: (name, { is }) => (is === "false" ? [`The ${name} is not validated any more: rows that break it may be there.`, "VALIDATE CONSTRAINT in the way back."] : undefined),
  enforced: (name, { is }) => (is === "false" ? [`The ${name} is not enforced any more: rows that break it are taken.`, "Make it ENFORCED again in the way back, after a look for rows that break it."] : undefined),
  valid: (name, { is }) => (is === "false" ? [`The ${name} is not valid: no query uses it, and every write pays for it.`, "Drop it, and build it again with CREATE INDEX CONCURRENTLY."] : undefined),
  comment: (name, { was, is }) => [`The comment of the ${name} is ${is === null ? "gone" : was === null ? "new" : "another"}.`, "COMMENT ON it again in the way back, if anybody reads it."],
};

const OTHERWISE: Readonly<Record<string, string>> = { function: "does something else than before", relation: "shows something else than before", trigger: "fires otherwise than before", constraint: "asks for something else than before", index: "is built otherwise than before", policy: "lets others see or write rows than before", rule: "does something else than before" };
const RESTORE = "Let the way back create it again as it was: the difference stands below.";

const MISSING: Readonly<Record<string, readonly [consequence: string, advice: string]>> = {
  policy: ["who sees or may write which rows is no longer as before", "CREATE POLICY again in the way back, before clients come back."],
  trigger: ["what it did is left undone", "Create it again in the way back, and do for the rows of meanwhile what it would have done."],
  constraint: ["rows that break it are taken", "Add it again in the way back, and look for rows that break it."],
  index: ["queries that used it are slow, and if it was unique, duplicates are taken", "Build it again in the way back (CREATE INDEX CONCURRENTLY)."],
  function: ["who calls it gets an error", "Create it again in the way back, with its owner and its rights."],
  column: ["what it held is gone, and who names it gets an error", "Rename it back, or keep its values aside before it is dropped."],
  relation: ["what it held is gone, and who names it gets an error", "Don't drop it before nobody goes back any more; what is lost is in a backup alone."],
};

/** Undefined where the words for the kind say all that is known. */
export function headlineOf({ kind, subject, examples, detail }: Pick<Finding, "kind" | "subject" | "examples" | "detail">): Headline | undefined {
  const part = leadingPart({ kind, examples });
  if (!part || part.object === "setting") return undefined;
  const name = nameOf(part.object, subject);
  if (part.fate === "missing") {
    const now = newName(detail);
    if (now !== undefined) return [`The ${name} is called ${now} now: a rename that was not undone, it seems. Who asks for it by its old name gets an error.`, "Rename it back in the way back; what it holds is there."];
    const said = MISSING[part.object];
    return said && [`The ${name} is gone: ${said[0]}.`, said[1]];
  }
  if (part.fate === "left-over") {
    if (part.object === "policy") return [`The ${name} was not there before: who sees or may write which rows is no longer as before.`, "DROP POLICY in the way back."];
    return part.object === "default-grant" ? [`What is made from now on is open to whom it was not before (default rights on what is made by ${madeBy(subject)}).`, "ALTER DEFAULT PRIVILEGES ... REVOKE in the way back, and look at what was made meanwhile."] : undefined;
  }
  const told = FIELDS[part.field ?? ""]?.(name, part);
  if (told) return told;
  const otherwise = part.field === "definition" || part.object === "policy" ? OTHERWISE[part.object] : undefined;
  return otherwise === undefined ? [`The ${name} is not what it was before the migration (${detail}).`, "Let the way back put it back."] : [`The ${name} ${otherwise} (${detail}).`, RESTORE];
}
