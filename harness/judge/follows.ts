// What follows from a difference of the schema, and hangs below it: what can't be read, rows that went with their table, values that read otherwise, what is slower.

import { causeOf, kindOf, lastName, tablesOfCause, type Known } from "./refusals.ts";
import type { SchemaObject, UnreadTable } from "./run-record.ts";
import type { Consequence, Finding } from "./scorecard.ts";
import { partsOf, urgencyOf } from "./structure-order.ts";

/** What is known of the system, beside the findings. */
export type Facts = Known & { readonly unread: readonly UnreadTable[]; /** By the planner's count before the migration. */ readonly counted: ReadonlyMap<string, number>; /** The entities that each operation tells of. */ readonly entitiesOf: ReadonlyMap<string, readonly string[]> };
type Why = (finding: Finding, all: readonly Finding[], facts: Facts) => Finding | undefined;

/** The same findings, those below others that follow from them. */
export function underDifferences(all: readonly Finding[], facts: Facts): Finding[] {
  const up = new Map<Finding, Finding>();
  for (const finding of all) {
    const cause = WHYS.map((why) => why(finding, all, facts)).find((one) => one !== undefined && one !== finding);
    if (cause && up.get(cause) !== finding) up.set(finding, cause);
  }
  const root = (finding: Finding, seen: readonly Finding[] = []): Finding => {
    const cause = up.get(finding);
    return cause === undefined || seen.includes(cause) ? finding : root(cause, [...seen, finding]);
  };
  const below = Map.groupBy(all.filter((finding) => root(finding) !== finding), (finding) => root(finding));
  return all.filter((finding) => root(finding) === finding).map((finding) => {
    const mine = below.get(finding);
    if (!mine) return finding;
    const own = mine.flatMap((one): Consequence[] => [{ kind: one.kind, subject: one.subject, detail: one.detail }, ...(one.consequences ?? [])]);
    return { ...finding, consequences: [...own, ...(finding.consequences ?? [])] };
  });
}

/** The server's words, and the code that they come with. */
const SAYS: readonly (readonly [RegExp, string])[] = [
  [/column .* does not exist/, "42703"], [/relation .* does not exist/, "42P01"], [/function .* does not exist/, "42883"], [/type .* does not exist/, "42704"], [/schema .* does not exist/, "3F000"], [/permission denied for/, "42501"], [/has not been populated/, "55000"],
];

/** An entity, a table or a rule whose query fails by what is not there any more. */
const unreadable: Why = (finding, all, facts) => {
  if (!/^(entity|table)-unreadable$|^invariant-violated$/.test(finding.kind) || (finding.kind === "invariant-violated" && !finding.detail.startsWith("its query fails now: "))) return undefined;
  const code = SAYS.find(([words]) => words.test(finding.detail))?.[1];
  const said = finding.detail.replace(/^[^:]*: /, "").replace(/; it was read in the .*$/, "");
  return code === undefined ? undefined : causeOf(all.filter((one) => one !== finding), { op: "", code, error: said, n: 1, entities: [] }, facts);
};

const LOST: ReadonlySet<string> = new Set(["unread-rows-lost", "write-lost"]);

/** A partition or child that is gone takes its rows with it: of no more than it held, and what clients may have added since it was counted. */
const rowsGone: Why = (finding, all, { unread, structure, counted, tablesOf }) => {
  if (!LOST.has(finding.kind)) return undefined;
  const tables = new Set((finding.kind === "write-lost" ? tablesOf(finding.subject) : [finding.subject]).flatMap((table) => [table, ...unread.filter(({ name }) => name === table).flatMap(({ full }) => full)]).map(lastName));
  return all.find((cause) => {
    if (cause.kind !== "relation-missing") return false;
    const was = structure.find(({ kind, name }) => kind === "relation" && name === cause.subject)?.detail;
    const parents = Array.isArray(was?.["parents"]) ? tablesOfCause("relation", { ...cause, examples: [was] }).filter((table) => table !== lastName(cause.subject)) : [];
    const rows = counted.get(cause.subject) ?? counted.get(`${String(was?.["schema"])}.${cause.subject}`) ?? -1;
    return parents.some((parent) => tables.has(parent)) && (rows < 0 || finding.count <= rows * 1.2 + 20);
  });
};

const VALUES: ReadonlySet<string> = new Set(["unread-values-changed", "altered-write"]);

/** A type whose labels have other names or places: its values read otherwise, and no step has changed a row. */
const ofType: Why = (finding, all, { structure, unread, tablesOf }) => {
  if (!VALUES.has(finding.kind)) return undefined;
  const tables = finding.kind === "altered-write" ? tablesOf(finding.subject) : [finding.subject];
  return all.find((cause) => {
    if (cause.kind !== "type-changed" || !partsOf(cause).some(({ field }) => field === "labels" || field === "attributes")) return false;
    const holds = new Set([cause.subject, ...structure.filter(({ kind, detail }) => kind === "type" && detail["base"] === cause.subject).map(({ name }) => name)].flatMap((type) => [type, `${type}[]`]));
    const columns = structure.filter(({ kind, detail }) => kind === "column" && tables.includes(String(detail["table"])) && holds.has(String(detail["type"])));
    const names = columns.map(({ name }) => lastName(name));
    const shown = unread.filter(({ name }) => tables.includes(name)).flatMap((table) => table.columns.filter(({ name }) => names.includes(name)).flatMap(({ through = [] }) => through.flatMap(({ fields }) => fields)));
    return columns.length > 0 && (finding.fields === undefined || finding.fields.every((field) => names.includes(field) || shown.includes(field)));
  });
};

/** Types that print the name of what they point to by its number, and are read by that name. */
const NAMES = /^reg(class|collation|config|dictionary|namespace|oper|operator|proc|procedure|role|type)(\[\])?$/;

/** Values that print otherwise because what they point to was dropped, renamed or made anew: no step has changed a row. */
export function namesOfOthers(finding: Finding, { structure, tablesOf }: Known): Finding {
  if (!VALUES.has(finding.kind) || (finding.fields ?? []).length === 0) return finding;
  const tables = finding.kind === "altered-write" ? tablesOf(finding.subject) : [finding.subject];
  const types = (finding.fields ?? []).map((field) => structure.find(({ kind, name, detail }) => kind === "column" && tables.includes(String(detail["table"])) && lastName(name) === field)?.detail["type"]);
  if (!types.every((type) => typeof type === "string" && NAMES.test(type))) return finding;
  return { ...finding, detail: `${finding.detail}; ${[...new Set(types)].join(", ")} holds the number of an object and prints its name: what it points to was dropped, renamed or made anew, and the rows need not have changed` };
}

const PLANS = /^(enable_|random_page_cost|seq_page_cost|cpu_|work_mem|jit|effective_|max_parallel|plan_cache_mode|default_statistics|from_collapse|join_collapse|geqo)/i;
const SLOWS: ReadonlySet<string> = new Set(["index", "function", "trigger", "rule", "policy", "relation", "column", "statistics", "constraint"]);

/** The only difference that can make an operation slower: of its own tables where those are known, or the only one at all. */
const slower: Why = (finding, all, { structure, tablesOf, entitiesOf }) => {
  if (finding.kind !== "operation-slower") return undefined;
  const able = all.filter((cause) => cause.kind === "invalid-index" || (cause.kind.startsWith("setting-") && PLANS.test(cause.subject))
    || (SLOWS.has(kindOf(cause)) && partsOf(cause).some((part) => urgencyOf(part) < 4 && !["grants", "owner"].includes(part.field ?? ""))));
  const tables = new Set((entitiesOf.get(finding.subject) ?? []).flatMap(tablesOf).map(lastName));
  const own = able.filter((cause) => tablesSlowed(cause, structure).some((table) => tables.has(table)));
  const some = own.length > 0 || tables.size > 0 ? [...own, ...able.filter((cause) => !own.includes(cause) && tablesSlowed(cause, structure).length === 0)] : able;
  return some.length === 1 ? some[0] : undefined;
};

/** Of a trigger's function, the tables that the trigger is on; of others, the tables that they are of. */
function tablesSlowed(cause: Finding, structure: readonly SchemaObject[]): string[] {
  if (kindOf(cause) !== "function") return [...tablesOfCause(kindOf(cause), cause), ...structure.filter(({ kind, name }) => kind === "index" && name === cause.subject).map(({ detail }) => lastName(String(detail["table"])))];
  const name = cause.subject.split("(")[0] ?? "";
  return structure.filter(({ kind, detail }) => kind === "trigger" && new RegExp(`FUNCTION ([\\w"]+\\.)?${lastName(name).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\(`).test(String(detail["definition"]))).map(({ detail }) => lastName(String(detail["table"])));
}

const WHYS: readonly Why[] = [unreadable, rowsGone, ofType, slower];
