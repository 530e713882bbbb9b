// Data that no entity reads: a change of it that clients do not explain is a finding, and what can't be told is named.

import type { EvidenceDatabase } from "../evidence/database.ts";
import type { NamedKind } from "./kinds.ts";
import { phaseOf, type Activity, type RunRecord, type UnreadTable } from "./run-record.ts";
import type { Coverage, Finding } from "./scorecard.ts";
import { changesOf, type Changes, type What } from "./unread-changes.ts";

/** What clients do to a table: seen by the server's counters before the migration, or told by the ledger. */
type Seen = { readonly insert: boolean; readonly update: boolean; readonly delete: boolean };
export type Unread = { readonly findings: readonly Finding[]; readonly warnings: readonly Finding[]; readonly coverage: Coverage };

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
    const seen = seenOf(was, unread.activity, told, unread.before);
    const changes = await changesOf(was, is, database);
    const rest = restOf(was, is, seen);
    if (rest === undefined) [coverage.byChecksum, coverage.tables] = [coverage.byChecksum + hidden, coverage.tables + 1];
    else notLookedAt.push({ table: hidden === was.columns.length ? name : `${name} (${hidden} of ${was.columns.length} columns)`, reason: rest });
    if (!changes) continue;
    for (const [what, n] of unexplained(was, changes, seen, accused)) {
      const certain = back && (what === "lost" || (soft === undefined && !(what === "added" && was.triggers.length + was.cascades.length > 0)));
      (certain ? findings : warnings).push(await finding(name, what, n, { was, changes, soft: back ? soft : "the way back doesn't end where the migration began" }));
    }
  }
  const { all, byEntities, byChecksum, tables } = coverage;
  const looked = { columns: { all, byEntities, byChecksum }, tables: { all: unread.before.length, byChecksum: tables }, notLookedAt };
  return { findings, warnings, coverage: { ...looked, sentence: coverageSentence(looked) } };
}

/** What the ledger tells that clients did to each entity: a refused operation did nothing. */
async function toldOf(database: EvidenceDatabase): Promise<ReadonlyMap<string, Seen>> {
  const rows = await database.rows("select entity, list(distinct kind) as kinds from effects where outcome <> 'rejected' group by entity");
  return new Map(rows.map((row) => {
    const kinds = row["kinds"] as readonly string[];
    return [String(row["entity"]), { insert: kinds.includes("insert"), update: kinds.includes("update") || kinds.includes("add"), delete: kinds.includes("delete") }];
  }));
}

const either = (seen: readonly Seen[]): Seen => ({ insert: seen.some((one) => one.insert), update: seen.some((one) => one.update), delete: seen.some((one) => one.delete) });

/** Of a table: by itself, by triggers that name it, and by what takes its rows along when a parent is changed or deleted. */
function seenOf(table: UnreadTable, activity: readonly Activity[], told: ReadonlyMap<string, Seen>, tables: readonly UnreadTable[]): Seen {
  const direct = (full: string): Seen => either([
    ...activity.filter((one) => one.database === table.database && one.table === full).map((one) => ({ insert: one.inserted > 0, update: one.updated > 0, delete: one.deleted > 0 })),
    ...(tables.find((one) => one.database === table.database && one.full === full)?.entities ?? []).flatMap((entity) => told.get(entity) ?? []),
  ]);
  const written = ({ insert, update, delete: deleted }: Seen) => insert || update || deleted;
  return either([
    direct(table.full),
    ...table.triggers.filter(({ on }) => written(direct(on))).map(({ does }) => ({ insert: does.includes("insert"), update: does.includes("update"), delete: does.includes("delete") })),
    ...table.cascades.map(direct).map((parent) => ({ insert: false, update: parent.update || parent.delete, delete: parent.delete })),
  ]);
}

/** Why a rare write may not have been seen before the migration; undefined where all that writes was at work then. */
async function otherWriters(record: RunRecord, database: EvidenceDatabase): Promise<string | undefined> {
  if (record.header.drill.application) return "the application itself may write it";
  const start = phaseOf(record, "migration")?.from;
  if (start === undefined) return undefined;
  const [row] = await database.rows(`select string_agg(op, ', ' order by op) as ops from (select op from operations where outcome <> 'rejected' group by op having min("end") > ${start})`);
  return row?.["ops"] ? `${String(row["ops"])} was not seen before the migration, and may write it` : undefined;
}

/** What is left out of the comparison, since clients do it; undefined where everything is compared. */
function restOf(was: UnreadTable, is: UnreadTable, { insert, update, delete: deleted }: Seen): string | undefined {
  if (!insert && !update && !deleted) return undefined;
  const rowWise = was.file !== undefined && is.file !== undefined && was.key.length > 0;
  if (update && deleted) return "clients change and delete its rows";
  if (!rowWise && (update || was.file === undefined || is.file === undefined)) return "clients write it, and its rows are too many, or have no key, to be told apart";
  if (update) return "clients change its rows; that none is gone was looked at";
  return deleted ? "clients delete its rows; that none of the others changed was looked at" : undefined;
}

function unexplained(table: UnreadTable, { lost, added, changed }: Changes, seen: Seen, accused: ReadonlySet<string>): (readonly [What, number])[] {
  const rowWise = table.file !== undefined;
  const keyed = rowWise && table.key.length > 0;
  const inPart = table.entities.length > 0; // then rows are what reconciliation looks at, but for those that an entity's query leaves out
  const found: [What, number | null][] = [
    ["lost", seen.delete || (!keyed && seen.update) || (inPart && (!keyed || table.entities.some((entity) => accused.has(entity)))) ? 0 : lost],
    ["added", seen.insert || inPart ? 0 : added],
    ["changed", seen.update || (!keyed && (seen.delete || (!rowWise && seen.insert))) ? 0 : changed],
  ];
  return found.flatMap(([what, n]) => (n !== null && n > 0 ? [[what, n] as const] : []));
}

const KINDS: Readonly<Record<What, NamedKind>> = { lost: "unread-rows-lost", added: "unread-rows-added", changed: "unread-values-changed" };

async function finding(subject: string, what: What, n: number, { was, changes, soft }: { readonly was: UnreadTable; readonly changes: Changes; readonly soft: string | undefined }): Promise<Finding> {
  const counted = was.file !== undefined || what !== "changed";
  const [rows, are] = [n === 1 ? "row" : "rows", n === 1 ? "is" : "are"];
  const of = changes.columns.length > 0 && changes.lost === 0 && changes.added === 0 ? ` (${changes.columns.join(", ")})` : "";
  const said = {
    lost: `${n} of ${was.rows} rows that were there before ${are} gone, and clients were not seen to delete there`,
    added: `${n} ${rows} ${are} there that ${n === 1 ? "was" : "were"} not before, and clients were not seen to insert there`,
    changed: `${counted ? `${n} ${rows} ${n === 1 ? "holds" : "hold"} other values than before${of}` : `values of ${changes.columns.join(", ") || "its rows"} are others than before`}, and clients were not seen to change them`,
  }[what];
  return { kind: KINDS[what], subject, count: n, detail: `${said}; no entity reads ${was.entities.length > 0 ? "that part of it" : "it"}${soft === undefined ? "" : ` (${soft})`}`, examples: await changes.examples(what), query: changes.query(what) };
}

/** In a sentence. */
export function coverageSentence({ columns, tables, notLookedAt }: Omit<Coverage, "sentence">): string {
  const share = columns.all === 0 ? 100 : Math.floor((columns.byEntities / columns.all) * 100);
  const more = notLookedAt.length > MOST_NAMED ? ` and ${notLookedAt.length - MOST_NAMED} more` : "";
  const rest = notLookedAt.slice(0, MOST_NAMED).map(({ table, reason }) => `${table}: ${reason}`).join("; ");
  return `Entities read ${share} % of the columns; ${tables.byChecksum} ${tables.byChecksum === 1 ? "table" : "tables"} by checksum; ${notLookedAt.length === 0 ? "everything was looked at" : `not looked at: ${rest}${more}`}.`;
}
const MOST_NAMED = 5;
