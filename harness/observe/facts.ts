// The facts of one moment: schema, entities, invariants and integrity, all from one snapshot.

import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { createGzip } from "node:zlib";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import copy from "pg-copy-streams";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import type { System } from "../drill/system.ts";
import { dumpFile, type EvidenceWriter, type FactsWhen } from "../evidence/run-directory.ts";
import { evidenceError } from "../evidence/evidence-error.ts";
import { fingerprint } from "./fingerprint.ts";
import { integrityFacts, type IntegrityFact } from "./integrity.ts";

export type InvariantFact = { readonly name: string; readonly query: string; readonly violations: number; readonly examples: readonly unknown[]; readonly error?: string };

const EXAMPLES = 5;

type AfterFacts = {
  /** Which of an entity's queries reads its records: that of the old schema or of the new one. */
  readonly records: "before" | "after";
  /** Facts about what isn't in this database. */
  readonly more: readonly IntegrityFact[];
};

/**
 * Writes all facts below `before/` or `after/`. The connection must lead around the proxy:
 * a fault that still lingers there is no reason to misread the database.
 */
export async function captureFacts(client: pg.Client, system: System, evidence: EvidenceWriter, when: FactsWhen, { records = "before", more = [] }: Partial<AfterFacts> = {}): Promise<void> {
  await client.query("begin isolation level repeatable read, read only");
  try {
    await evidence.writeJson(`${when}/structure.json`, await fingerprint(client));
    await dumpEntities(client, system, evidence, when, records);
    await evidence.writeJson(`${when}/invariants.json`, await invariantFacts(client, system));
  } finally {
    await client.query("rollback");
  }
  // amcheck takes locks that a read-only transaction may not take; nobody writes now anyway.
  await client.query("begin");
  try {
    await evidence.writeJson(`${when}/integrity.json`, [...(await integrityFacts(client)), ...more]);
  } finally {
    await client.query("rollback");
  }
}

/** One compressed CSV file an entity: the key, then its logical fields, as PostgreSQL prints them. */
async function dumpEntities(client: pg.Client, system: System, evidence: EvidenceWriter, when: FactsWhen, records: "before" | "after"): Promise<void> {
  const failed: { entity: string; error: string }[] = [];
  for (const entity of system.entities) {
    const file = dumpFile(when, entity.name);
    try {
      await client.query("savepoint entity");
      const rows = client.query(copy.to(`copy (${entity[records]}) to stdout with (format csv, header)`));
      await pipeline(rows, createGzip({ level: 1 }), createWriteStream(evidence.path(file)));
      await client.query("release savepoint entity");
    } catch (error) {
      if (codeOf(error) === "ENOSPC") throw evidenceError(file, error);
      if (when === "before") {
        throw new HarnessError({
          code: "entity-query-failed", kind: "declaration", place: `system ${system.name}, entity ${entity.name}, before`,
          message: `the query of entity ${entity.name} fails on the fresh system: ${messageOf(error)}`, remedy: "correct the query", cause: error,
        });
      }
      // Afterwards a query that fails is a fact about the system: the old shape can't be read.
      await client.query("rollback to savepoint entity");
      await rm(evidence.path(file), { force: true }); // half a dump is none
      failed.push({ entity: entity.name, error: messageOf(error) });
    }
  }
  await evidence.writeJson(`${when}/entities.json`, { entities: system.entities.map(({ name }) => name), failed });
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
