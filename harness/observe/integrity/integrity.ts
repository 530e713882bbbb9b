// Integrity facts: what the database holds that it must not, measured rather than believed.

import type pg from "pg";
import { domainViolations, nullValues, staleGenerated } from "./columns.ts";
import { checkViolations, exclusionViolations, orphans, wrongPartitions } from "./constraints.ts";
import type { Check, IntegrityFact } from "./fact.ts";
import { incompleteIndexes } from "./incomplete-indexes.ts";
import { indexes, invalidIndexes } from "./indexes.ts";
import { leftOvers, slots, subscriptions } from "./left-overs.ts";
import { sequences } from "./sequences.ts";
import { corruptTables, orphanedFiles } from "./storage.ts";

export type { IntegrityFact } from "./fact.ts";

/** What these ask is made of the system's own expressions, which call its own functions: of a role that may only read. */
const OF_EXPRESSIONS: readonly Check[] = [orphans, checkViolations, exclusionViolations, wrongPartitions, nullValues, staleGenerated, domainViolations];
/** Of catalogues, files and pages: a superuser's. */
const OF_CATALOGUES: readonly Check[] = [sequences, invalidIndexes, indexes, incompleteIndexes, corruptTables, orphanedFiles, leftOvers, slots, subscriptions];

/** All facts, inside the caller's transactions. */
export async function integrityFacts(client: pg.Client, reader: pg.Client = client): Promise<IntegrityFact[]> {
  const facts: IntegrityFact[] = [];
  for (const check of OF_EXPRESSIONS) facts.push(...(await check(reader)));
  for (const check of OF_CATALOGUES) facts.push(...(await check(client)));
  return facts;
}
