// Kinds of findings in words for people: what it means, and what to do about it.

import type { Fate, NamedKind } from "./kinds.ts";

/** `n` is how many there are, with its noun: `12 acknowledged writes`; `on` is what it is about. */
export type Words = readonly [noun: readonly [one: string, many: string], consequence: string, advice: string];

const writes = ["acknowledged write", "acknowledged writes"] as const;
const records = ["record", "records"] as const;
const cases = ["anomaly", "anomalies"] as const;
const rows = ["row", "rows"] as const;
const times = ["operation", "operations"] as const;
const things = ["place", "places"] as const;

/** Of each kind: the compiler insists. Which of them leads, says the order of FINDING_KINDS. */
export const FINDING_WORDS: Readonly<Record<NamedKind, Words>> = {
  "write-lost": [writes, "What clients were told was saved is gone from {on}: {n}.", "Bring the rows written during the migration back before anything is dropped or restored, and rehearse again."],
  "torn-write": [records, "Transactions are there by halves in {on}: {n}.", "Make the way back move whole transactions: all tables that one transaction touches at once."],
  "duplicate-write": [records, "Clients' writes are applied more than once in {on}: {n}.", "Make the step safe to repeat: a key for each change, and `on conflict do nothing`, or journal it in the same transaction."],
  "altered-write": [records, "{on} holds values that no client wrote: {n}.", "Look at what the way back computes, and compare a few of the records below with what was expected."],
  "phantom-write": [records, "{on} holds what no client wrote, or what was deleted: {n}.", "Find the statement that puts them there: a backfill, a trigger, or a restore of deleted rows."],
  "value-shed": [records, "Values written in the new shape have no place in the old one: {n} of {on}.", "Preserve them in a table of their own before the column is dropped, or refuse to go back beyond that step."],
  "unread-rows-lost": [rows, "Rows of {on} are gone that clients don't account for, and that no entity reads: {n}.", "Compare what the way back deletes with what the migration added; declare the table as an entity if people depend on it."],
  "unread-values-changed": [rows, "Values of {on} are others than before that clients don't account for, and that no entity reads: {n}.", "Find the step that changes them and keep the old values aside; declare the columns in an entity if people depend on them."],
  "unread-rows-added": [rows, "{on} holds rows that were not there before and that clients don't account for: {n}.", "Find the step that adds them, and remove exactly those in its way back."],
  "unread-rows-unlike": [rows, "Rows that clients added to {on} are not as those of normal service: {n}.", "Look at what fills that column: a default, a trigger, the application; set it right in these rows."],
  "unread-rows-out-of-step": [rows, "Rows that clients add to {on} seem to be missing, or to be there twice: {n}.", "Compare it with the table that the same transactions fill, and look at what the way back deletes, copies or inserts there."],
  "materialized-view-stale": [things, "The materialized view {on} shows what its tables don't hold: whoever reads it is told something else.", "Refresh it as the last step of the way back (REFRESH MATERIALIZED VIEW), after its tables are as they were."],
  "entity-unreadable": [records, "{on} can't be read any more.", "Run the entity's query by hand against the system as it is, and restore what it misses."],
  "table-unreadable": [things, "The table {on} can't be read any more: who asks for its rows gets an error.", "Read it by hand, and restore what its rows need: its files, its type, what a column calls."],
  "materialized-view-unpopulated": [things, "The materialized view {on} was made anew without its rows: whoever reads it gets an error.", "Let the way back create it WITH DATA, or end with REFRESH MATERIALIZED VIEW."],
  "operation-refused": [times, "Clients can't do {on} any more: {n} refused after the way back, every one.", "Repeat one by hand against the system as it is after the way back; the SQLSTATE below says where to look."],
  "operation-refused-anew": [times, "Clients are refused {on} for a reason that was not there before: {n}.", "Look the SQLSTATE up below, and find what the way back left behind that causes it."],
  "operation-fails": [times, "{on} fails more often than before the migration: {n}.", "Look at the codes below: what is refused now was served before."],
  "wrong-schema-version": [times, "The application asks for a schema that is not there ({on}): {n} refused after the way back.", "Take the application back with the schema, in the order that both shapes allow."],
  "stale-plan": [times, "Connections still use plans of the other shape ({on}): {n} refused.", "Reconnect the clients, or run DISCARD PLANS, when the shape has changed."],
  "planner-statistics-gone": [things, "Queries are slow, probably because the planner's statistics of {on} are gone.", "Run ANALYZE on it as the last step of the way back."],
  "operation-slower": [things, "{on} takes many times as long as before the migration.", "Compare its plan (EXPLAIN) before and after: an index, statistics or a setting is not what it was."],
  "not-served-again": [things, "Clients are not served normally again after the way back.", "See which operations fail or wait after the way back, and what blocks them (locks, connections, missing objects)."],
  "journey-failed": [things, "People can't do this any more: {on}.", "Open the picture and the trace of the journey, and repeat it by hand."],
  "invariant-violated": [rows, "A rule of the system's own no longer holds: {on}.", "Run the rule's query, and mend those rows before clients build on them."],
  "orphans": [rows, "Rows point to what is not there ({on}): {n}.", "Restore the rows that are referred to, or remove the orphans, before the key is trusted."],
  "check-violated": [rows, "Rows break a constraint that the schema states ({on}): {n}.", "Mend the rows and validate the constraint: until then a later update of them fails."],
  "not-null-violated": [rows, "Rows hold NULL in a column that is NOT NULL ({on}): {n}.", "Fill the column, and validate the constraint."],
  "generated-column-stale": [rows, "A generated column holds what its expression does not give ({on}): {n}.", "Rewrite the rows so that PostgreSQL computes them anew."],
  "domain-violated": [rows, "Rows hold values that their domain forbids ({on}): {n}.", "Mend the rows: until then a cast or an update of them fails."],
  "unique-violated": [rows, "The same key is there more than once ({on}): {n}.", "Remove the duplicates, and rebuild the unique index."],
  "exclusion-violated": [rows, "Rows exclude each other and are both there ({on}): {n}.", "Mend the rows, and rebuild the constraint."],
  "wrong-partition": [rows, "Rows are in a partition whose bounds they don't fit ({on}): {n}.", "Move them: queries that prune partitions don't see them."],
  "stale-sequence": [things, "New rows will be refused as duplicates, or are already: a sequence is behind ({on}).", "Set it past the largest value with setval() as the last step of the way back."],
  "sequence-repeats": [things, "A sequence gives numbers again that were given before ({on}): they come twice, and in silence where no unique key refuses them.", "Set it past the largest value with setval() as the last step of the way back, and look for rows that share a number."],
  "sequence-exhausted": [things, "A sequence has no further value to give, or none that fits its column: {on}.", "Widen the column and the sequence, or set it where there is room."],
  "corrupt-table": [things, "A table is damaged: {on}.", "Restore it from a backup, and look at the storage before anything else."],
  "corrupt-index": [things, "An index gives wrong answers: {on}.", "REINDEX it, and find out what damaged it."],
  "invalid-index": [things, "An index is there and unused, or half built: {on}.", "Drop it and build it again with CREATE INDEX CONCURRENTLY; IF NOT EXISTS would keep it."],
  "checksum-failure": [things, "The storage gave back other bytes than were written: {on}.", "Restore from a backup, and look at the disk."],
  "orphaned-files": [things, "Files that no table owns fill the disk: {on}.", "Remove them only after a look at the oldest transaction; a restart in single-user mode is safest."],
  "prepared-transaction-left": [things, "A prepared transaction holds its locks and its rows: {on}.", "Commit or roll it back by hand (pg_prepared_xacts)."],
  "replication-slot-left": [things, "A slot that nobody reads keeps WAL until the disk is full: {on}.", "Drop it with pg_drop_replication_slot() in the way back."],
  "replication-slot-lost": [things, "Whoever follows {on} misses changes: its slot is gone or invalid.", "Copy the consumer's data anew, and keep the slot in the way back."],
  "subscription-disabled": [things, "A subscription that was followed is off: {on}.", "Enable it again in the way back, before its slot holds back too much WAL."],
  "not-looked-at": [things, "A part was not looked at: {on}.", "Nothing to do, unless it matters to you: then state it as an invariant."],
  "replica-diverged": [things, "The replica holds other rows than the primary: {on}. Who reads there is told something else.", "Build the replica anew from the primary, and find out what wrote to either alone."],
  "replica-timeline": [things, "The replica {on} can't follow the primary any more: they are on different timelines.", "Rewind it (pg_rewind) or build it anew; until then a failover has nowhere to go."],
  "replica-missing": [things, "The replica {on} receives nothing from the primary any more.", "See its log and its slot, and let it follow again; until then a failover has nowhere to go."],
  "replica-behind": [things, "The replica {on} stays behind the primary: a failover would lose what it lacks.", "See whether its replay is paused (pg_wal_replay_resume) or held back by a query."],
  "advisory-lock-left": [things, "A migration lock is still held: the next one waits ({on}).", "End the session that holds it; with a pooler, lock in one transaction."],
  "open-transaction-left": [things, "A transaction was left open, and keeps its locks: {on}.", "End that session, and set idle_in_transaction_session_timeout."],
  "unchecked": [things, "A part could not be looked at: {on}.", "Make it possible to check it, or say why it need not be."],
  "write-possibly-lost": [writes, "Acknowledged writes may be gone from {on}: {n}.", "Ask those clients whose answers were cut off; rehearse again to be sure."],
  "operation-not-seen": [things, "Nobody did {on} after the way back: whether it works is not known.", "Hold the load for longer (load.holdMs), or see why clients stopped doing it."],
  "invariant-broken-before": [rows, "A rule of the system's own did not hold before the migration either: {on}.", "Mend those rows some time: while the rule is broken, new breaches of it are hard to see."],
  "column-order-changed": [things, "The columns of {on} stand in another order than before.", "Nothing to do where clients name their columns; else find SELECT *, INSERT without columns and COPY."],
  "spelled-otherwise": [things, "{on} is spelled otherwise than before, and means the same.", "Nothing to do, unless somebody compares texts: then write it as it was."],
  "enum-label-left-over": [things, "A label that nobody uses stays in an enum: {on}.", "Write ADD VALUE IF NOT EXISTS, so that the same migration can run again."],
};

/** Where all of it was there before the drill, and no client wrote any. */
export const BEFORE_WORDS: Readonly<Partial<Record<NamedKind, Words>>> = {
  "write-lost": [rows, "Rows that were there before the migration are gone from {on}: {n}.", "Find what deletes them (a DELETE that reaches too far, TRUNCATE, a CASCADE, a copy that leaves rows out), and keep them until the way back has ended."],
  "write-possibly-lost": [rows, "Rows that were there before the migration are gone from {on}, and perhaps by a client: {n}.", "Ask those clients whose answers were cut off; rehearse again to be sure."],
  "duplicate-write": [rows, "Rows that were there before the migration are there more than once in {on}: {n}.", "Make the copy or the backfill safe to repeat: a key, and `on conflict do nothing`."],
  "altered-write": [rows, "Rows that were there before the migration hold other values in {on}, and no client changed them: {n}.", "Compare the examples below with what the migration and the way back compute, and keep the old values aside."],
};

const SESSIONS = ["Sessions behave otherwise than before the migration: {detail}.", "Let the way back put the setting back (SET or RESET of the database, the role or the server), and reconnect who has connected since."] as const;

/** Of objects of which the words below say too little; `detail` is the finding's own. */
export const OBJECT_WORDS: Readonly<Record<string, readonly [consequence: string, advice: string]>> = {
  "setting-missing": SESSIONS, "setting-left-over": SESSIONS, "setting-changed": SESSIONS,
  "large-object-missing": ["The large object {on} is gone, and what it held: whoever has its number reads nothing.", "Unlink large objects when nobody goes back any more, or copy them first (lo_get, lo_from_bytea); what is lost is in a backup alone."],
};

/** What became of an object of the schema, by the last word of the kind: `trigger-missing`, `column-left-over`. */
export const STRUCTURE_WORDS: Readonly<Record<Fate, readonly [consequence: string, advice: string]>> = {
  missing: ["The {kind} {on} was there before the migration, and is gone.", "Let the way back create it again as it was; see below for its definition."],
  "left-over": ["The {kind} {on} stays behind: the next migration may trip over it.", "Let the way back drop it, or expect it in the next migration (IF EXISTS, IF NOT EXISTS)."],
  changed: ["The {kind} {on} is not what it was before the migration.", "Let the way back put it back as below."],
};

/** Objectives that are missed without a finding. */
export const OBJECTIVE_WORDS: Readonly<Record<string, readonly [consequence: string, advice: string]>> = {
  completion: ["The system did not come back: it is still migrated, by half or as a whole.", "See why the way back stopped, mend that first, and have another way ready (restore, failover)."],
  "not-taken": ["Nobody went back, or not to the end: the system is still migrated.", "See first why the way back was not taken (rollback.decide, detector); what differs below is the migration's own work."],
  service: ["Clients are not served as they were before the migration.", "Compare the operations below before and after."],
  recovery: ["Clients were without normal service for longer than agreed.", "See below what took longest (detection, decision, the way back itself), and shorten that."],
  detection: ["Clients suffered before anybody was told.", "Widen what the alert looks at, or shorten its window (detector), so that it fires while an impact lasts."],
  rollback: ["Going back takes longer than agreed.", "Look at the longest step of the way back; smaller batches, or another way, may be quicker (`turnback compare`)."],
  availability: ["Too many of the clients' operations were not served.", "Look at the shaded time: a lock that others queue behind is the usual reason; set lock_timeout and retry."],
  loss: ["What clients were told was saved is gone.", "Bring the rows written during the migration back before anything is dropped or restored."],
  consistency: ["The data is not what clients were told.", "Compare the examples below with what the way back computes."],
  structure: ["The schema is not what it was before the migration.", "Let the way back put back what differs below."],
  integrity: ["The database has problems that it did not have before.", "Mend what is listed below before clients build on it."],
  invariants: ["A rule of the system's own no longer holds.", "Run the rule's query, and mend those rows."],
  isolation: ["Transactions saw each other in ways that their isolation level forbids.", "Look at the examples below; raise the level, or lock the rows during the switch."],
  journeys: ["People can't do what they could before.", "Open the pictures and traces, and repeat the journeys by hand."],
};

export const ISOLATION_WORDS: Words = [cases, "Transactions saw what their isolation level forbids: {n}.", "Look at the circle below: it names the transactions; raise the level, or lock the rows during the switch."];
