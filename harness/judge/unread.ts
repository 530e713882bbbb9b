// Data that no entity reads, or not whole: a change of it that clients do not explain is a finding, and what can't be told is named.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { literal } from "../evidence/duckdb.ts";
import type { NamedKind } from "./kinds.ts";
import { freshnessOf } from "./materialized.ts";
import { besideStep } from "./beside.ts";
import { stepOf } from "./lockstep.ts";
import { eventsOf, phaseOf, type Activity, type RunRecord, type UnreadTable } from "./run-record.ts";
import type { Coverage, Finding, Unaccounted } from "./scorecard.ts";
import { excuse } from "./unaccounted.ts";
import { columnTold, toldOf, type Told } from "./told.ts";
import { changesOf, type Changes, type What } from "./unread-changes.ts";
import { emptiedBy } from "./unlogged.ts";
import { unlikeOf } from "./unlike.ts";
import { sampledOf, sampleQuery, surplusOf, type Sampled, type Surplus } from "./unread-sample.ts";

/** What clients do to a table: seen before the migration, or told by the ledger. */
type Seen = { readonly insert: boolean; readonly update: boolean; readonly delete: boolean };
export type Unread = { readonly findings: readonly Finding[]; readonly warnings: readonly Finding[]; readonly coverage: Coverage; /** Why the run can't be met, though nothing is certain. */ readonly doubts: readonly string[] };

/** How the run went, as far as it says what may have changed. */
export type Circumstances = {
  /** The system is back where it began: else steps that stay may have changed what they like. */
  readonly back: boolean;
  /** Entities whose records are not as clients were told: their tables' rows are counted there. */
  readonly accused: ReadonlySet<string>;
};

/** Undefined where the facts are missing, as in runs that had none. */
export async function unreadOf(record: RunRecord, database: EvidenceDatabase, { back, accused }: Circumstances): Promise<Unread | undefined> {
  const { unread } = record;
  if (!unread) return undefined;
  const told = await toldOf(database);
  const soft = await otherWriters(record, database);
  const [findings, warnings, notLookedAt]: [Finding[], Finding[], { table: string; reason: string }[]] = [[], [], []];
  const [added, doubts, open]: [string[], string[], Unaccounted[]] = [[], [], []];
  const times = await timesAsMuch(record, database);
  const skewed = record.header.drill.faults.some(({ kind }) => kind === "clock-skewed");
  const coverage = { all: 0, byEntities: 0, byChecksum: 0, tables: 0 };
  for (const was of unread.before) {
    const is = unread.after.find(({ database: other, full }) => other === was.database && full === was.full);
    const name = was.database === "" ? was.name : `${was.database}: ${was.name}`;
    const hidden = was.columns.filter(({ read }) => !read).length;
    coverage.all += was.columns.length;
    coverage.byEntities += was.columns.length - hidden;
    if (hidden === 0) continue;
    const why = was.why ?? (is ? is.why : "it is not there any more");
    if (!is || why !== undefined || was.rows === null) {
      notLookedAt.push({ table: name, reason: why ?? "its rows were not counted" });
      continue;
    }
    if (was.view) {
      const { finding: stale, sure, rest } = freshnessOf(was, is, writersOf(was, unread, told));
      if (rest === undefined) [coverage.byChecksum, coverage.tables] = [coverage.byChecksum + hidden, coverage.tables + 1];
      else notLookedAt.push({ table: name, reason: rest });
      if (stale) (sure && back && soft === undefined ? findings : warnings).push({ ...stale, subject: name });
      continue;
    }
    const seen = seenOf(was, unread.activity, told, unread.before);
    const activity = activityOf(was, unread.activity);
    const emptied = emptiedBy(record, was, is);
    const changes = await changesOf(was, is, database);
    const sampled = sampledOf(unread, was);
    const surplus = sampled && surplusOf(sampled, was, { ...seen, times, activity, told: sumOf(was, told), column: (name) => columnTold(was.columns.find((column) => column.name === name), told) });
    const rest = emptied?.explained ? emptied.said : activity?.unseen ? BLIND : restOf(was, is, seen, sampled, surplus);
    if (rest === undefined) [coverage.byChecksum, coverage.tables] = [coverage.byChecksum + hidden, coverage.tables + 1];
    else notLookedAt.push({ table: hidden === was.columns.length ? name : `${name} (${was.columns.filter(({ read }) => !read).map((column) => column.name).join(", ")})`, reason: rest });
    const step = seen.insert && was.entities.length === 0 ? stepOf(was, unread.activity, unread.before, unread.after) ?? (await besideStep(was, is, activity, unread.before, database)) : undefined;
    if (seen.insert) added.push(...newRows(name, was, is, activity, step !== undefined));
    if (!emptied?.explained) open.push(...openOf(was, seen, { sampled, surplus, rule: step !== undefined }));
    const blind = activity?.unseen ?? false;
    const accuse = async (what: What, n: number, told: Change, sure = true) => {
      const certain = sure && back && !emptied?.explained && !blind && soft === undefined && !(what === "added" && was.triggers.length + was.cascades.length > 0);
      const why = emptied?.said ?? (blind ? BLIND : soft);
      // Who writes a row for a good reason sets its stamp as well.
      const stamped = told.columns.length > 0 && told.columns.every((column) => was.columns.find((other) => other.name === column)?.stamped);
      if (!certain && back && !emptied?.explained && !stamped) open.push({ table: labelOf(was), columns: told.columns, why: `${told.said}${why === undefined ? "" : ` (${why})`}` });
      (certain ? findings : warnings).push(await finding(name, what, n, was, told, back ? why : "the way back doesn't end where the migration began"));
    };
    const mayShow = was.columns.some((column) => (columnTold(column, told) ?? 0) > 0);
    const whole = changes ? unexplained(was, changes, { ...seen, update: seen.update || mayShow }, accused) : [];
    for (const [what, n] of whole) await accuse(what, n, ofAll(was, changes as Changes, [what, n], surplus));
    if (step && !step.even && whole.length === 0 && !step.source.entities.some((entity) => accused.has(entity))) {
      warnings.push({ kind: "unread-rows-out-of-step", subject: name, count: step.off, detail: `${step.said}; no entity reads it`, examples: [], query: factsQuery(was, step.source) });
      if (step.sure && back && soft === undefined && !emptied) doubts.push(`rows that clients add to ${name} may be lost or doubled: ${step.said}`);
    }
    if (is && back && !emptied) {
      for (const one of unlikeOf(was, is, activity, { skewed, told: (column) => columnTold(was.columns.find(({ name: other }) => other === column), told) })) {
        warnings.push({ ...one, subject: name });
        if (soft === undefined) doubts.push(`rows that clients added to ${name} are not as they should be: ${one.detail}`);
      }
    }
    const missing = (what: What) => !whole.some(([other]) => other === what);
    const inPart = was.entities.length > 0 && was.entities.some((entity) => accused.has(entity));
    if (sampled && surplus && surplus.gone.length > 0 && missing("lost") && !inPart) await accuse("lost", surplus.gone.length, ofSample(was, sampled, surplus.gone, []));
    if (!sampled || !surplus || !missing("changed")) continue;
    for (const [of, certain] of [[surplus.changed, true], [surplus.excess, false]] as const) {
      const own = new Map([...of].filter(([column]) => !follows(was, [column], accused)));
      const keys = [...new Set([...own.values()].flat())];
      if (keys.length > 0) await accuse("changed", keys.length, ofSample(was, sampled, keys, [...own.keys()]), certain);
    }
  }
  const { all, byEntities, byChecksum, tables } = coverage;
  const looked = { columns: { all, byEntities, byChecksum }, tables: { all: unread.before.length, byChecksum: tables }, notLookedAt, added, ...excuse(open, record.system.unread, record.header.startedAt) };
  return { findings, warnings, doubts, coverage: { ...looked, sentence: coverageSentence(looked) } };
}

/** When it was looked at what clients write: what they did first between then and the migration was not seen either. */
const lookedAt = (record: RunRecord): number | undefined => eventsOf(record, "load").find(({ state }) => state === "steady")?.t ?? phaseOf(record, "migration")?.from;

/** How many times as much clients did in the whole run as until they were looked at. */
async function timesAsMuch(record: RunRecord, database: EvidenceDatabase): Promise<number> {
  const start = lookedAt(record);
  const [row] = start === undefined ? [] : await database.rows(`select count(*)::double as n, (count(*) filter ("end" < ${start}))::double as then from operations where outcome <> 'rejected'`);
  return Math.max(1, Number(row?.["n"] ?? 1) / Math.max(1, Number(row?.["then"] ?? 1)));
}

/** As patterns of the system's file name it. */
const labelOf = ({ database, full }: UnreadTable): string => (database === "" ? full : `${database}: ${full}`);

type Known = { readonly sampled: Sampled | undefined; readonly surplus: Surplus | undefined; /** Its rows are accounted for by what they come with. */ readonly rule: boolean };

/** What clients do to a table that no entity reads at all, and that nobody accounts for. */
function openOf(was: UnreadTable, { insert, update, delete: deleted }: Seen, { sampled, surplus, rule }: Known): Unaccounted[] {
  if (was.entities.length > 0) return [];
  const table = labelOf(was);
  return [
    ...(insert && !rule ? [{ table, columns: [], why: "clients add rows" }] : []),
    ...(deleted ? [{ table, columns: [], why: "clients delete rows" }] : []),
    ...(!sampled && update && was.file === undefined ? [{ table, columns: [], why: "clients change rows that can't be told apart" }] : []),
    ...(surplus && surplus.open.length > 0 ? [{ table, columns: surplus.open, why: "clients change it" }] : []),
  ];
}

/** Habits that say what a value is, and not only that there is one. */
const TELLING: ReadonlySet<string> = new Set(["same", "empty", "of the moment"]);

/** What of the rows that clients add nobody knows: all of it, or of a table that entities read the columns that they don't. */
function newRows(name: string, was: UnreadTable, is: UnreadTable, activity: Activity | undefined, rule: boolean): string[] {
  if (was.entities.length === 0) return rule ? [] : [name];
  const habits = is.unlike && activity?.habits?.columns;
  const columns = was.columns.filter(({ name: column, read, through }) => !read && !through && !was.key.includes(column) && was.top?.grows !== column && !habits?.[column]?.some(({ is: habit }) => TELLING.has(habit))).map((column) => column.name);
  return columns.length === 0 ? [] : [`${name} (${columns.join(", ")})`];
}

const activityOf = ({ database, full }: UnreadTable, activity: readonly Activity[]): Activity | undefined => activity.find((one) => one.database === database && one.table === full);

const sumOf = ({ entities }: UnreadTable, told: ReadonlyMap<string, Told>) => {
  const of = (kind: "update" | "delete") => entities.reduce((sum, entity) => sum + (told.get(entity)?.[kind] ?? 0), 0);
  return { updates: of("update"), deletes: of("delete") };
};

const BLIND = "there was no time to look at what clients write there";

/** Lists what was counted of these tables, before and after. */
const factsQuery = (...tables: readonly UnreadTable[]) => `select t."full", t.rows, t.count from read_json(['before/unread.json', 'after/unread.json'], union_by_name = true) t where t."full" in (${tables.map(({ full }) => literal(full)).join(", ")})`;

const either = (seen: readonly Seen[]): Seen => ({ insert: seen.some((one) => one.insert), update: seen.some((one) => one.update), delete: seen.some((one) => one.delete) });

/** Of a table: by itself; and where nothing was seen of it, by triggers that name it, and by what takes its rows along when a parent is changed or deleted. */
function seenOf(table: UnreadTable, activity: readonly Activity[], told: ReadonlyMap<string, Told>, tables: readonly UnreadTable[]): Seen {
  const direct = (full: string): Seen => either([
    ...activity.filter((one) => one.database === table.database && one.table === full).map((one) => ({ insert: one.inserted > 0, update: one.updated > 0, delete: one.deleted > 0 })),
    ...(tables.find((one) => one.database === table.database && one.full === full)?.entities ?? []).flatMap((entity) => {
      const of = told.get(entity);
      return of ? [{ insert: of.insert > 0, update: of.update > 0, delete: of.delete > 0 }] : [];
    }),
  ]);
  const written = ({ insert, update, delete: deleted }: Seen) => insert || update || deleted;
  const own = direct(table.full);
  const activityThen = activityOf(table, activity);
  if (activityThen && !activityThen.unseen) return own; // it was seen how they write it
  return either([
    own,
    ...table.triggers.filter(({ on }) => written(direct(on))).map(({ does }) => ({ insert: does.includes("insert"), update: does.includes("update"), delete: does.includes("delete") })),
    ...table.cascades.map(direct).map((parent) => ({ insert: false, update: parent.update || parent.delete, delete: parent.delete })),
  ]);
}

/** Of a materialized view: who writes its tables, and whether clients refresh it. */
function writersOf(view: UnreadTable, { before, activity }: NonNullable<RunRecord["unread"]>, told: ReadonlyMap<string, Told>): { readonly written: readonly string[]; readonly deleted: boolean; readonly refreshed: boolean } {
  const sources = before.filter(({ database, full, parents = [] }) => database === view.database && [full, ...parents].some((table) => view.view?.sources.includes(table)));
  const seen = sources.map((table) => [table, seenOf(table, activity, told, before)] as const).filter(([, { insert, update, delete: deleted }]) => insert || update || deleted);
  return { written: seen.map(([table]) => table.name), deleted: seen.some(([, one]) => one.delete || one.update), refreshed: activityOf(view, activity) !== undefined };
}

/** Why a rare write may not have been seen before the migration; undefined where all that writes was at work when it was looked at. */
async function otherWriters(record: RunRecord, database: EvidenceDatabase): Promise<string | undefined> {
  if (record.header.drill.application) return "the application itself may write it";
  const start = lookedAt(record);
  if (start === undefined) return undefined;
  const [row] = await database.rows(`select string_agg(op, ', ' order by op) as ops from (select op from operations where outcome <> 'rejected' group by op having min("end") > ${start})`);
  return row?.["ops"] ? `${String(row["ops"])} was not seen before the migration, and may write it` : undefined;
}

/** What is left out of the comparison, since clients do it; undefined where everything is compared. */
function restOf(was: UnreadTable, is: UnreadTable, { insert, update, delete: deleted }: Seen, sampled: Sampled | undefined, surplus: Surplus | undefined): string | undefined {
  const rowWise = was.file !== undefined && is.file !== undefined;
  const keyed = rowWise && was.key.length > 0;
  const exact = (!insert && !update && !deleted) || (rowWise && !update && !deleted) || (keyed && !update);
  if (sampled && (!exact || deleted)) {
    const open = surplus && surplus.open.length > 0 ? `; clients change ${surplus.open.join(", ")}` : "";
    if (sampled.rows >= (was.rows ?? 0) && open === "" && !deleted) return undefined;
    return `clients write it; ${sampled.rows >= (was.rows ?? 0) ? "its rows were" : `a sample of ${sampled.rows} of its ${was.rows} rows was`} looked at${open}`;
  }
  if (exact) return deleted ? "clients delete its rows; that none of the others changed was looked at" : undefined;
  if (update && deleted) return "clients change and delete its rows";
  if (!keyed) return "clients write it, and its rows are too many, or have no key, to be told apart";
  return "clients change its rows; that none is gone was looked at";
}

/** Whether all of these columns are read in part by entities whose records are not as clients were told: then that is told already. */
function follows({ columns }: UnreadTable, names: readonly string[], accused: ReadonlySet<string>): boolean {
  const told = columns.filter(({ through }) => through?.some(({ entity }) => accused.has(entity))).map(({ name }) => name);
  return names.length === 0 ? told.length > 0 : names.every((name) => told.includes(name)); // none is named where values only changed places
}

function unexplained(table: UnreadTable, { lost, added, changed, columns }: Changes, seen: Seen, accused: ReadonlySet<string>): (readonly [What, number])[] {
  const rowWise = table.file !== undefined;
  const keyed = rowWise && table.key.length > 0;
  const inPart = table.entities.length > 0; // then rows are what reconciliation looks at, but for those that an entity's query leaves out
  const counted = table.entities.some((entity) => !(table.leaveOut ?? []).includes(entity));
  // Of rows without a key, beside those that clients add, nobody can say whether they changed or went.
  if (rowWise && !keyed && seen.insert) [lost, changed] = [(lost ?? 0) + (changed ?? 0), 0];
  const found: [What, number | null][] = [
    ["lost", seen.delete || (!keyed && seen.update) || (inPart && (!keyed || table.entities.some((entity) => accused.has(entity)))) ? 0 : lost],
    ["added", seen.insert || counted || (inPart && table.entities.some((entity) => accused.has(entity))) ? 0 : added],
    ["changed", seen.update || follows(table, columns, accused) || (!keyed && (seen.delete || (!rowWise && seen.insert))) ? 0 : changed],
  ];
  return found.flatMap(([what, n]) => (n !== null && n > 0 ? [[what, n] as const] : []));
}

const KINDS: Readonly<Record<What, NamedKind>> = { lost: "unread-rows-lost", added: "unread-rows-added", changed: "unread-values-changed" };

/** What changed, as a finding tells it. */
type Change = { readonly said: string; readonly columns: readonly string[]; readonly examples: () => Promise<readonly unknown[]>; readonly query: string };

const ITS = (n: number) => (n === 1 ? { rows: "row", are: "is", were: "was", hold: "holds" } : { rows: "rows", are: "are", were: "were", hold: "hold" });

/** Of every row, or of sums over all of them. */
function ofAll(was: UnreadTable, changes: Changes, [what, n]: readonly [What, number], surplus: Surplus | undefined): Change {
  const { rows, are, were, hold } = ITS(n);
  const columns = changes.lost === 0 && changes.added === 0 ? changes.columns : [...(surplus?.changed.keys() ?? [])];
  const said = {
    lost: `${n} of ${was.rows} rows that were there before ${are} gone${n > (changes.lost ?? 0) ? `, or ${hold} other values` : ""}, and clients were not seen to delete there`,
    added: `${n} ${rows} ${are} there that ${were} not before, and clients were not seen to insert there`,
    changed: `${was.file !== undefined ? `${n} ${rows} ${hold} other values than before${columns.length > 0 ? ` (${columns.join(", ")})` : ""}` : `values of ${columns.join(", ") || "its rows"} are others than before`}, and clients were not seen to change them`,
  }[what];
  return { said, columns: what === "changed" ? columns : [], examples: () => changes.examples(what), query: changes.query(what) };
}

function ofSample(was: UnreadTable, { rows }: Sampled, keys: readonly string[], columns: readonly string[]): Change {
  const of = rows >= (was.rows ?? 0) ? `of ${rows} rows` : `of ${rows} rows that were looked at, of ${was.rows} in all,`;
  const said = columns.length === 0 ? `${keys.length} ${of} ${ITS(keys.length).are} gone, and that is more than clients account for`
    : `${keys.length} ${of} ${ITS(keys.length).hold} other values than before (${columns.join(", ")}), and that is more than clients account for`;
  return { said, columns, examples: () => Promise.resolve(keys.slice(0, 5)), query: sampleQuery(was, columns) };
}

async function finding(subject: string, what: What, n: number, was: UnreadTable, { said, columns, examples, query }: Change, soft: string | undefined): Promise<Finding> {
  return { kind: KINDS[what], subject, count: n, ...(columns.length > 0 && { fields: columns }), detail: `${said}; no entity reads ${was.entities.length > 0 ? (was.columns.some(({ through }) => through) ? "it as it is" : "that part of it") : "it"}${soft === undefined ? "" : ` (${soft})`}`, examples: await examples(), query };
}

/** In a sentence. */
export function coverageSentence({ columns, tables, notLookedAt, added, excused = [] }: Omit<Coverage, "sentence">): string {
  const share = columns.all === 0 ? 100 : Math.floor((columns.byEntities / columns.all) * 100);
  const more = notLookedAt.length > MOST_NAMED ? ` and ${notLookedAt.length - MOST_NAMED} more` : "";
  const rest = notLookedAt.slice(0, MOST_NAMED).map(({ table, reason }) => `${table}: ${reason}`).join("; ");
  return `Entities read ${share} % of the columns; ${tables.byChecksum} ${tables.byChecksum === 1 ? "table" : "tables"} by checksum; ${notLookedAt.length === 0 ? "everything was looked at" : `not looked at: ${rest}${more}`}.${(added ?? []).length > 0 ? ` Rows that clients add to ${(added ?? []).slice(0, MOST_NAMED).join(", ")}${(added ?? []).length > MOST_NAMED ? ` and ${(added ?? []).length - MOST_NAMED} more` : ""} are not accounted for: no entity reads ${(added ?? []).every((one) => one.includes("(")) ? "that of " : ""}them.` : ""}${excused.length > 0 ? ` Excused: ${excused.map(({ table, reason: why }) => `${table} (${why})`).join("; ")}.` : ""}`;
}
const MOST_NAMED = 12;
