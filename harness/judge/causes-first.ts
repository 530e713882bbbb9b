// A cause of harm stands above what follows from it, whichever of the judge's rules has found either.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { leadingFirst } from "./advice.ts";
import { namesOfOthers, underDifferences } from "./follows.ts";
import { countedRows } from "./planner-statistics.ts";
import { entitiesOfOperations, refusalsSince, underRefusedFor } from "./refusals.ts";
import { eventsOf, type RunRecord } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";

/** By the rules that found them: of structure and integrity, of service compared with itself, and all others. */
type Found = { readonly causes: readonly Finding[]; readonly service: readonly Finding[]; readonly rest: readonly Finding[] };

/** The same findings, those below others that follow from them; and what is worse of service, told with its cause. */
export async function causesFirst(record: RunRecord, database: EvidenceDatabase, { causes, service, rest }: Found): Promise<{ readonly findings: readonly Finding[]; readonly service: readonly Finding[] }> {
  const ended = eventsOf(record, "rollback").findLast(({ state }) => state === "completed")?.t;
  const tables = record.unread?.before ?? [];
  const tablesOf = (entity: string) => tables.filter(({ entities }) => entities.includes(entity)).map(({ name }) => name);
  const refusals = service.length > 0 && causes.length > 0 && ended !== undefined ? await refusalsSince(database, ended) : [];
  const known = { structure: record.before?.structure ?? [], tablesOf };
  const told = underRefusedFor(causes, service, refusals, known);
  const detached = underDetached([...told.causes, ...told.service, ...rest], record, await countedRows(record.directory));
  const entitiesOf = service.some(({ kind }) => kind === "operation-slower") ? await entitiesOfOperations(database) : new Map<string, readonly string[]>();
  const all = underDifferences(detached, { ...known, unread: tables, counted: await countedRows(record.directory, "before"), entitiesOf });
  return { findings: leadingFirst(all.map((finding) => namesOfOthers(finding, known))), service: told.told };
}

const LOST = new Set(["unread-rows-lost", "write-lost"]);

/**
 * Rows that are missing in a table, and of which as many are in a partition or child that is there and belongs to it no more: by what the
 * planner last counted, they are hidden from who asks the table, and nobody has deleted them.
 */
export function underDetached(findings: readonly Finding[], { unread, before }: Pick<RunRecord, "unread" | "before">, counted: ReadonlyMap<string, number>): Finding[] {
  const read = new Map(unread?.before.map(({ name, entities }) => [name, entities]));
  const isOf = (table: string, { kind, subject }: Finding) => (kind === "unread-rows-lost" ? subject === table : read.get(table)?.includes(subject) === true);
  const hidden = new Map<Finding, { readonly lost: readonly Finding[]; readonly rows: number }>();
  for (const cause of findings.filter(({ kind }) => kind === "relation-changed")) {
    const was = before?.structure.find(({ kind, name }) => kind === "relation" && name === cause.subject)?.detail;
    const rows = counted.get(cause.subject) ?? counted.get(`${String(was?.["schema"])}.${cause.subject}`) ?? 0;
    const parents = parentsLost(cause, was?.["parents"]);
    const lost = findings.filter((finding) => LOST.has(finding.kind) && finding.count <= rows && parents.some((parent) => isOf(parent, finding)));
    if (lost.length > 0) hidden.set(cause, { lost, rows });
  }
  const below = new Set([...hidden.values()].flatMap(({ lost }) => lost));
  return findings.filter((finding) => !below.has(finding)).map((finding) => {
    const { lost = [], rows = 0 } = hidden.get(finding) ?? {};
    if (lost.length === 0) return finding;
    const consequences = lost.map(({ kind, subject, detail }) => ({ kind, subject, detail }));
    return { ...finding, detail: `${finding.detail}: by the planner's last count ${rows.toLocaleString("en-US")} rows are in it, hidden from who asks ${lost.map(({ subject }) => subject).join(", ")}, and not deleted: attach it again`, consequences: [...consequences, ...(finding.consequences ?? [])] };
  });
}

/** The parents that it had and has no more. */
function parentsLost({ examples }: Finding, had: unknown): string[] {
  const change = (examples as readonly { readonly key?: string; readonly held?: string | null }[]).find(({ key }) => key === "parents");
  if (!change || !Array.isArray(had)) return [];
  const names = had.map((parent: unknown) => (typeof parent === "object" && parent !== null && "parent" in parent ? String(parent.parent) : String(parent)));
  return names.filter((name) => !(change.held ?? "").includes(`"${name}"`));
}
