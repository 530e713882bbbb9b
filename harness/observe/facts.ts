// The facts of one moment: schema, entities, invariants and integrity, all from one snapshot.

import type pg from "pg";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { inDatabase, type System } from "../drill/system.ts";
import { PATHS, type EvidenceWriter, type FactsWhen } from "../evidence/run-directory.ts";
import { askOne, isRefused, refused, remedyOf, tooSlow } from "./asking.ts";
import { dumpEntities, entityFacts, type Dumped, type Shape } from "./entities.ts";
import { findBySearchPath } from "./search-path.ts";
import { inFrame, LIMITS, untilAborted, type Limits } from "./frame.ts";
import { plannerStatistics, type PlannerStatistics } from "./planner-statistics.ts";
import { fingerprint, located, type SchemaObject } from "./fingerprint.ts";
import type { SampledRow } from "./sample.ts";
import { readsOf, unreadFacts, type UnreadTable } from "./unread.ts";
import { integrityFacts, type IntegrityFact } from "./integrity/integrity.ts";

export type InvariantFact = { readonly name: string; readonly query: string; readonly violations: number; readonly examples: readonly unknown[]; readonly error?: string };

const EXAMPLES = 5;

type AfterFacts = {
  /** In which shape the records must be, or most likely are. */
  readonly records: Shape;
  /** Whether they must be: then it is a fault of the system if they can't be read so. */
  readonly owed: boolean;
  /** Facts about what isn't in this database. */
  readonly more: readonly IntegrityFact[];
  readonly limits: Limits;
  /** Where the dumps are kept that `before/` was made of, if it was made of any. */
  readonly kept: string;
  /** Ends it soon: the sessions are cut off, and the server ends what it is busy with. */
  readonly signal?: AbortSignal | undefined;
};

/** One of the databases whose facts are captured; without a name it is the first one. */
export type Observed = {
  /** A superuser's, for what catalogues and pages say. */
  readonly client: pg.Client;
  /** Of a role that may only read: for what declarations and definitions of the system ask. */
  readonly reader: pg.Client;
  readonly system: System;
  readonly database?: string | undefined;
};

/**
 * Writes all facts below `before/` or `after/`. The connections must lead around the proxy:
 * a fault that still lingers there is no reason to misread the database.
 */
export async function captureFacts(databases: readonly Observed[], evidence: EvidenceWriter, when: FactsWhen, { records = "before", owed = true, more = [], limits = LIMITS, kept, signal }: Partial<AfterFacts> = {}): Promise<void> {
  const structure: SchemaObject[] = [];
  const entities = new Map<string, Dumped>();
  const invariants: InvariantFact[] = [];
  const integrity: IntegrityFact[] = [];
  const statistics: PlannerStatistics[] = [];
  const unread: UnreadTable[] = [];
  const sample: SampledRow[] = [];
  const keys: Record<string, readonly string[]> = {};
  const paths: Record<string, string> = {};
  for (const { client, reader, system, database } of databases) {
    const reads = when === "after" ? undefined : await untilAborted([reader], signal, () => readsOf(reader, system, () => findBySearchPath(reader, evidence, when, database)));
    const read = async () => {
      const path = await findBySearchPath(client, evidence, when, database);
      paths[database ?? ""] = path.fresh;
      const objects = await fingerprint(client);
      const planned = await plannerStatistics(client);
      await findBySearchPath(reader, evidence, when, database);
      const dumped = await dumpEntities(reader, system, evidence, when, { records, owed, path, kept });
      const violated = await invariantFacts(reader, system, when, limits);
      return { objects, dumped, violated, planned, hidden: await unreadFacts(reader, evidence, when, { database, reads }) };
    };
    // amcheck takes locks that a read-only transaction may not take.
    const look = async () => {
      for (const session of [client, reader]) await session.query("select pg_catalog.set_config('search_path', $1, true)", [paths[database ?? ""]]);
      return integrityFacts(client, reader);
    };
    const [{ objects, dumped, violated, planned, hidden }, found] = await untilAborted([client, reader], signal, () => inFrame(client, limits, read, look, reader));
    structure.push(...objects.map((object) => located(database, object)));
    for (const [entity, facts] of dumped) entities.set(entity, facts);
    invariants.push(...violated.map((fact) => ({ ...fact, name: inDatabase(database, fact.name) })));
    statistics.push(...planned.map((of) => ({ ...of, table: inDatabase(database, of.table) })));
    integrity.push(...found.map((fact) => ({ ...fact, subject: inDatabase(database, fact.subject) })));
    unread.push(...hidden.tables);
    sample.push(...hidden.sampled);
    Object.assign(keys, hidden.keys);
  }
  await evidence.writeJson(`${when}/unread.json`, unread);
  await evidence.writeJson(PATHS.sample[when], sample);
  if (when === "before") await evidence.writeJson(PATHS.keys, keys);
  await evidence.writeJson(`${when}/structure.json`, structure);
  await evidence.writeJson(`${when}/entities.json`, { ...entityFacts(entities), paths });
  await evidence.writeJson(`${when}/planner-statistics.json`, statistics);
  await evidence.writeJson(`${when}/invariants.json`, invariants);
  await evidence.writeJson(`${when}/integrity.json`, [...integrity, ...more]);
}

/** @throws HarnessError when a rule can't be asked of the fresh system: what can't be asked before says nothing later */
async function invariantFacts(client: pg.Client, system: System, when: FactsWhen, { statementMs }: Limits): Promise<InvariantFact[]> {
  const facts: InvariantFact[] = [];
  for (const { name, query } of system.invariants) {
    try {
      await client.query("savepoint invariant");
      const counted = await askOne<{ n: number }>(client, `select pg_catalog.count(*)::int as n from (${query}\n) violations`);
      const violations = counted.rows[0]?.n ?? 0;
      const examples = violations === 0 ? [] : (await askOne(client, `select * from (${query}\n) violations limit ${EXAMPLES}`)).rows;
      await client.query("release savepoint invariant");
      facts.push({ name, query, violations, examples });
    } catch (error) {
      const slow = codeOf(error) === "57014";
      if (when === "before") throw slow ? tooSlow(`the invariant "${name}" of system ${system.name}`, error) : unaskable(system, name, error);
      if (isRefused(error)) throw refused(`the invariant "${name}"`, error);
      await client.query("rollback to savepoint invariant");
      facts.push({ name, query, violations: 0, examples: [], error: slow ? `it gave no answer within ${statementMs} ms` : messageOf(error) });
    }
  }
  return facts;
}

function unaskable(system: System, rule: string, error: unknown): HarnessError {
  return new HarnessError({
    code: "invariant-query-failed", kind: "declaration", place: `system ${system.name}, invariant ${rule}, before`, cause: error,
    message: `the query of the invariant "${rule}" fails on the fresh system: ${messageOf(error)}`, remedy: remedyOf(error),
  });
}
