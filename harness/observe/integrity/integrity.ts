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

const CHECKS: readonly Check[] = [
  orphans, checkViolations, exclusionViolations, wrongPartitions, nullValues, staleGenerated, domainViolations, sequences,
  invalidIndexes, indexes, incompleteIndexes, corruptTables, orphanedFiles, leftOvers, slots, subscriptions,
];

/** All facts, inside the caller's transaction. */
export async function integrityFacts(client: pg.Client): Promise<IntegrityFact[]> {
  const facts: IntegrityFact[] = [];
  for (const check of CHECKS) facts.push(...(await check(client)));
  return facts;
}
