// All kinds of findings that the judge can tell, by name: what has no words for people doesn't compile.

import type { AnomalyType } from "./isolation/model.ts";

/** In the order in which they lead: data before service, and what breaks now before what may break later. */
export const FINDING_KINDS = [
  "write-lost", "torn-write", "duplicate-write", "altered-write", "phantom-write", "value-shed",
  "unread-rows-lost", "unread-values-changed", "unread-rows-added", "unread-rows-out-of-step", "unread-rows-unlike", "materialized-view-stale", "entity-unreadable", "table-unreadable", "materialized-view-unpopulated",
  "operation-refused", "operation-refused-anew", "operation-fails", "wrong-schema-version", "stale-plan", "planner-statistics-gone", "operation-slower", "not-served-again", "journey-failed",
  "invariant-violated",
  "orphans", "check-violated", "not-null-violated", "generated-column-stale", "domain-violated", "unique-violated", "exclusion-violated", "wrong-partition",
  "sequence-repeats", "stale-sequence", "sequence-exhausted", "corrupt-table", "corrupt-index", "invalid-index", "checksum-failure", "orphaned-files",
  "prepared-transaction-left", "replication-slot-left", "replication-slot-lost", "subscription-disabled",
  "replica-diverged", "replica-timeline", "replica-missing", "replica-behind",
  "advisory-lock-left", "open-transaction-left", "unchecked", "write-possibly-lost",
  "invariant-broken-before", "operation-not-seen", "enum-label-left-over", "column-order-changed", "spelled-otherwise", "not-looked-at",
] as const;

export type NamedKind = (typeof FINDING_KINDS)[number];

/** What became of an object of the schema. */
export const FATES = ["missing", "left-over", "changed"] as const;
export type Fate = (typeof FATES)[number];
/** Of whatever kind the object is: `trigger-missing`, `column-left-over`. */
export type StructureKind = `${string}-${Fate}`;

export type FindingKind = NamedKind | StructureKind | `isolation-${AnomalyType}`;
