// The facts of one moment: schema, entities, invariants and integrity, all from one snapshot.

import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { createGzip } from "node:zlib";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import copy from "pg-copy-streams";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { inDatabase, type System } from "../drill/system.ts";
import { dumpFile, type EvidenceWriter, type FactsWhen } from "../evidence/run-directory.ts";
import { evidenceError } from "../evidence/evidence-error.ts";
import { fingerprint, type SchemaObject } from "./fingerprint.ts";
import { integrityFacts, type IntegrityFact } from "./integrity.ts";

export type InvariantFact = { readonly name: string; readonly query: string; readonly violations: number; readonly examples: readonly unknown[]; readonly error?: string };

const EXAMPLES = 5;

/** Of an entity's two queries that of the old schema, or of the new one. */
type Shape = "before" | "after";

type AfterFacts = {
  /** In which shape the records must be, or most likely are. */
  readonly records: Shape;
  /** Whether they must be: then it is a fault of the system if they can't be read so. */
  readonly owed: boolean;
  /** Facts about what isn't in this database. */
  readonly more: readonly IntegrityFact[];
};

/** One of the databases whose facts are captured; without a name it is the first one. */
export type Observed = { readonly client: pg.Client; readonly system: System; readonly database?: string | undefined };

/**
 * Writes all facts below `before/` or `after/`. The connections must lead around the proxy:
 * a fault that still lingers there is no reason to misread the database.
 */
export async function captureFacts(databases: readonly Observed[], evidence: EvidenceWriter, when: FactsWhen, { records = "before", owed = true, more = [] }: Partial<AfterFacts> = {}): Promise<void> {
  const structure: SchemaObject[] = [];
  const entities = new Map<string, Dumped>();
  const invariants: InvariantFact[] = [];
  const integrity: IntegrityFact[] = [];
  for (const { client, system, database } of databases) {
    await client.query("begin isolation level repeatable read, read only");
    try {
      structure.push(...(await fingerprint(client)).map((object) => ({ ...object, name: inDatabase(database, object.name) })));
      for (const [entity, dumped] of await dumpEntities(client, system, evidence, when, { records, owed })) entities.set(entity, dumped);
      invariants.push(...(await invariantFacts(client, system)).map((fact) => ({ ...fact, name: inDatabase(database, fact.name) })));
    } finally {
      await client.query("rollback");
    }
    // amcheck takes locks that a read-only transaction may not take; nobody writes now anyway.
    await client.query("begin");
    try {
      integrity.push(...(await integrityFacts(client)).map((fact) => ({ ...fact, subject: inDatabase(database, fact.subject) })));
    } finally {
      await client.query("rollback");
    }
  }
  await evidence.writeJson(`${when}/structure.json`, structure);
  await evidence.writeJson(`${when}/entities.json`, {
    entities: [...entities.keys()], shapes: Object.fromEntries([...entities].flatMap(([entity, { shape }]) => (shape ? [[entity, shape]] : []))),
    failed: [...entities].flatMap(([entity, { error }]) => (error === undefined ? [] : [{ entity, error }])),
  });
  await evidence.writeJson(`${when}/invariants.json`, invariants);
  await evidence.writeJson(`${when}/integrity.json`, [...integrity, ...more]);
}

/** In which shape an entity's records were read; and what its query failed with, if it was owed that this one reads them. */
type Dumped = { readonly shape?: Shape; readonly error?: string };

/** One compressed CSV file an entity: the key, then its logical fields, as PostgreSQL prints them. */
async function dumpEntities(client: pg.Client, system: System, evidence: EvidenceWriter, when: FactsWhen, { records, owed }: Pick<AfterFacts, "records" | "owed">): Promise<Map<string, Dumped>> {
  const dumped = new Map<string, Dumped>();
  for (const entity of system.entities) {
    const file = dumpFile(when, entity.name);
    /** Gives why it can't be read. */
    const dump = async (shape: Shape): Promise<string | undefined> => {
      await client.query("savepoint entity");
      try {
        const rows = client.query(copy.to(`copy (${entity[shape]}) to stdout with (format csv, header)`));
        await pipeline(rows, createGzip({ level: 1 }), createWriteStream(evidence.path(file)));
        await client.query("release savepoint entity");
        return undefined;
      } catch (error) {
        if (codeOf(error) === "ENOSPC") throw evidenceError(file, error);
        await client.query("rollback to savepoint entity");
        await rm(evidence.path(file), { force: true }); // half a dump is none
        return messageOf(error);
      }
    };
    const error = await dump(records);
    if (error !== undefined && when === "before") {
      throw new HarnessError({
        code: "entity-query-failed", kind: "declaration", place: `system ${system.name}, entity ${entity.name}, before`,
        message: `the query of entity ${entity.name} fails on the fresh system: ${error}`, remedy: "correct the query",
      });
    }
    // Afterwards a query that fails is a fact about the system. What is there in the other shape need not stay unknown.
    const other = records === "before" ? "after" : "before";
    const shape = error === undefined ? records : (await dump(other)) === undefined ? other : undefined;
    dumped.set(entity.name, { ...(shape && { shape }), ...(error !== undefined && (owed || !shape) && { error }) });
  }
  return dumped;
}

async function invariantFacts(client: pg.Client, system: System): Promise<InvariantFact[]> {
  const facts: InvariantFact[] = [];
  for (const { name, query } of system.invariants) {
    try {
      await client.query("savepoint invariant");
      const counted = await client.query<{ n: number }>(`select count(*)::int as n from (${query}) violations`);
      const violations = counted.rows[0]?.n ?? 0;
      const examples = violations === 0 ? [] : (await client.query(`select * from (${query}) violations limit ${EXAMPLES}`)).rows;
      await client.query("release savepoint invariant");
      facts.push({ name, query, violations, examples });
    } catch (error) {
      await client.query("rollback to savepoint invariant");
      facts.push({ name, query, violations: 0, examples: [], error: messageOf(error) });
    }
  }
  return facts;
}
