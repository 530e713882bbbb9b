// Reconciliation: what clients were told, against what the database holds.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier, literal, memberNamedBy } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";
import { counters } from "./counters.ts";
import { judgeLists } from "./lists.ts";
import { values } from "./field-values.ts";
import { type Harm, harmFindings } from "./harms.ts";
import { refine } from "./refine.ts";
import type { LookedUp, ReadEntity } from "./run-record.ts";
import type { Finding, Measures } from "./scorecard.ts";
import { countBuckets, findSuspects, recordedFields } from "./suspects.ts";
import { takeOutMistold } from "./told-before.ts";
import { findUndone } from "./undone.ts";
import { collectWitnesses, findTorn, prepareWitnesses } from "./torn.ts";

/*
 * The rules, for one record (entity and key) or one field of it.
 *
 * A committed operation took effect at one moment between its start and its end. A rejected one
 * took none. An indeterminate one took effect at a moment after its start, up to the quiescence
 * proof, or never: its end is infinite. Nothing else may have changed the record.
 *
 * Existence. The record must be there if it was before or a committed insert made it, and
 * nothing that may have taken effect deletes it, or a committed insert began after every
 * committed delete had ended. It must not be there if it was not before and
 * no committed or indeterminate operation inserts it. Otherwise both are admissible.
 *   must be there, and isn't          -> lost
 *   must not be there, and is         -> phantom
 *   is there more than once           -> duplicate
 *   isn't there, and only an indeterminate delete explains it -> possibly lost
 *
 * Value. The writes of a field are the baseline's (before everything), and each insert and
 * update that sets it. A write is admissible as the last one unless a committed write began
 * after it had ended. So with L the latest start of a committed write, a committed write is
 * admissible when it ended at or after L, an indeterminate one always, the baseline's only when
 * nothing committed. A final value that no admissible write gives is
 *   lost     when it is an older write's: the newest acknowledged write was undone;
 *   altered  when no write gives it at all.
 * Example: A commits x=1 in [0, 10], B commits x=2 in [20, 30]. L is 20; A ended at 10, before
 * 20, and is not admissible. The database holds 1: B is lost. With B indeterminate L is 0, and
 * both 1 and 2 are admissible.
 *   A value that only an indeterminate write explains, though a committed one began after it
 *   had begun, is possibly a loss: the late effect is possible, and unlikely.
 *
 * Counter. The final value less the baseline's must be the sum of all committed changes and of
 * some of the indeterminate ones. What they can't add up to is altered, or lost when a
 * restore brought back what the counter was at an earlier moment (undone.ts). The value of the insert
 * counts as the baseline's where the record was inserted during the run.
 *
 * These rules take existence and each field apart. Where that is not exact (inserts and deletes
 * that overlap or are in doubt), refine.ts searches the record's own few operations instead. An
 * insert fails where the record is, so an acknowledged one proves that it was not there just before;
 * an update or a delete of what isn't there affects no row, and is acknowledged all the same.
 *
 * Torn. A transaction in doubt of which one effect is plainly there and another plainly isn't (torn.ts).
 *
 * Shed. A field that committed operations set, and that the old shape has no place for.
 *
 * Values are compared by the type that the server says they have (evidence/values.ts): texts as texts, numbers by value, what clients told
 * by what the server makes of it. Where nobody can say that for certain, the record is unsure, and not wrong.
 */

export type Reconciliation = {
  readonly lost: NonNullable<Measures["lostWrites"]>;
  readonly phantom: number;
  readonly duplicate: number;
  readonly altered: number;
  readonly shed: number;
  /** Acknowledgement of the oldest write that is lost, in nanoseconds; null when none is. */
  readonly oldestLostNs: number | null;
  /** When the newest of them was begun: its answer may have reached the client after what it was lost to. */
  readonly newestBegunNs: number | null;
  readonly findings: readonly Finding[];
  /** Why some values could not be compared. */
  readonly unsure: readonly string[];
};

/** Reconciles all entities whose dumps are there. The order of everything is fixed, so that a repeated judgement is the same. */
export async function reconcile(database: EvidenceDatabase, entities: readonly ReadEntity[], told: readonly LookedUp[] = []): Promise<Reconciliation> {
  await database.run("create table harms (harm varchar, entity varchar, key varchar, field varchar, seq bigint, acknowledged bigint, held varchar, expected varchar)");
  await database.run("create table unsure (entity varchar, key varchar, field varchar, held varchar, told varchar)");
  await database.run("create temp table suspects (key varchar, bucket usmallint)");
  await prepareWitnesses(database);
  const buckets = await countBuckets(database, entities);
  const recorded = await recordedFields(database);
  const set = await fieldsSet(database, recorded);
  for (const entity of entities) {
    const columns = await reconcileEntity(database, entity, recorded, buckets);
    await judgeLists(database, entity);
    await findShed(database, entity.name, columns, recorded, set.get(entity.name));
  }
  await findTorn(database);
  const mistold = await takeOutMistold(database, entities, told);
  const counts = await database.rows("select harm, count(*)::double as n from harms group by harm");
  const count = (harm: Harm) => Number(counts.find((row) => row["harm"] === harm)?.["n"] ?? 0);
  const [lost] = await database.rows("select min(acknowledged)::double as oldest, max(start)::double as newest from harms left join operations using (seq) where harm = 'write-lost'");
  const nanoseconds = (value: unknown) => (typeof value === "number" ? value : null);
  const definite = count("write-lost");
  const findings = await harmFindings(database, entities);
  const ofRowsBefore = findings.reduce((sum, finding) => sum + (finding.kind === "write-lost" ? finding.ofRowsBefore ?? 0 : 0), 0);
  return {
    lost: { definite, possible: definite + count("write-possibly-lost"), ofRowsBefore },
    phantom: count("phantom-write"), duplicate: count("duplicate-write"), altered: count("altered-write") + count("torn-write"), shed: count("value-shed"),
    oldestLostNs: nanoseconds(lost?.["oldest"]), newestBegunNs: nanoseconds(lost?.["newest"]),
    findings, unsure: [...mistold, ...(await unsureValues(database))],
  };
}

/** Told in a way of which it isn't certain what the server makes of it: a reason not to know, and none to accuse. */
async function unsureValues(database: EvidenceDatabase): Promise<string[]> {
  const rows = await database.rows("select entity, field, count(distinct key)::double as n, min_by(key, key) as key, min_by(held, key) as held, min_by(told, key) as told from unsure group by all order by entity, field");
  return rows.map(({ entity, field, n, key, held, told }) => {
    const count = `${Number(n)} ${String(entity)} ${Number(n) === 1 ? "record" : "records"}`;
    return `${count} can't be compared in ${String(field)}: clients told "${short(told)}", and the database prints "${short(held)}" (${short(key)}); tell it as the database prints it`;
  });
}

const short = (value: unknown) => (String(value).length > 60 ? `${String(value).slice(0, 60)}...` : String(value));

/** Records that are looked at closely at a time: bounds the memory, whatever the run's size. */
const BATCH = 200_000;

async function reconcileEntity(database: EvidenceDatabase, entity: ReadEntity, recorded: readonly string[], buckets: number): Promise<readonly string[]> {
  const columns = (await database.rows(`select column_name from (describe after_${entity.name})`)).map((row) => String(row["column_name"]));
  const fields = columns.filter((column) => column !== entity.key && column !== entity.list && !entity.uncompared.includes(column));
  const known = new Set((await database.rows(`select column_name from (describe before_${entity.name})`)).map((row) => String(row["column_name"])));
  for (let bucket = 0, found = 0; bucket < buckets; bucket++) {
    found += await findSuspects(database, entity, { fields, known, recorded, bucket });
    if (found <= (bucket === buckets - 1 ? 0 : BATCH)) continue;
    await applyRules(database, entity, fields, known);
    found = 0;
  }
  return columns;
}

/** Judges the suspects by the rules above, and dismisses them. */
async function applyRules(database: EvidenceDatabase, entity: Entity, fields: readonly string[], known: ReadonlySet<string>): Promise<void> {
  const { name, counters: counted } = entity;
  const key = identifier(entity.key);
  const set = fields.filter((field) => !counted.includes(field));
  const suspect = (of: string) => `"#bucket" in (select bucket from suspects) and ${of} in (select key from suspects)`;
  await database.run(`create or replace temp table held as select * exclude ("#bucket") from buckets.after_${name} where ${suspect(key)}`);
  await database.run(`create or replace temp table base as select * exclude ("#bucket") from buckets.before_${name} where ${suspect(key)}`);
  await database.run(`create or replace temp table touched as select seq, outcome, start, "end", key, kind, value from buckets.effects
    where entity = '${name}' and outcome in ('committed', 'indeterminate') and ${suspect("key")}`);
  await existence(database, name, key);
  await values(database, { entity: name, key, set, known });
  for (const counter of counted.filter((field) => fields.includes(field))) await counters(database, entity, counter, known.has(counter));
  await refine(database, entity);
  await findUndone(database, entity);
  await collectWitnesses(database, entity, fields);
  await database.run("delete from suspects");
}

/** What an entity's effects set: the recorded fields, and whether there is more that these don't say. */
type FieldsSet = { readonly fields: ReadonlySet<string>; readonly more: boolean };

/** By entity; in one pass, as most entities set few of the fields. */
async function fieldsSet(database: EvidenceDatabase, recorded: readonly string[]): Promise<ReadonlyMap<string, FieldsSet>> {
  const counts = recorded.map((field, i) => `, count("#set".${identifier(field)})::double as n${i}`).join("");
  const rows = await database.rows(`select entity, bool_or("#closer") as more${counts} from buckets.effects where outcome = 'committed' and kind in ('insert', 'update') group by entity`);
  return new Map(rows.map((row) => [String(row["entity"]), { fields: new Set(recorded.filter((_, i) => Number(row[`n${i}`]) > 0)), more: row["more"] === true }]));
}

/** A field of the effects that the dump has no column for. */
async function findShed(database: EvidenceDatabase, name: string, columns: readonly string[], recorded: readonly string[], set: FieldsSet | undefined): Promise<void> {
  const without = `entity = '${name}' and outcome = 'committed' and kind in ('insert', 'update')`;
  const kept = ["", ...columns].map(literal).join(", ");
  for (const field of recorded.filter((name) => !columns.includes(name) && set?.fields.has(name))) {
    await database.run(`insert into harms
      select 'value-shed', '${name}', key, ${literal(field)}, max(seq), max("end"), null, arg_max("#set".${identifier(field)}, seq)
      from buckets.effects where ${without} and "#set".${identifier(field)} is not null group by key`);
  }
  if (!set?.more) return;
  await database.run(`insert into harms
    select 'value-shed', '${name}', key, field, max(seq), max("end"), null, max_by(${memberNamedBy("value", "field")}, seq)
    from (select *, unnest(json_keys(value)) as field from buckets.effects where ${without} and "#closer")
    where field not in (${kept}) and field not in (${["", ...recorded].map(literal).join(", ")}) and ${memberNamedBy("value", "field")} is not null
    group by key, field`);
}

async function existence(database: EvidenceDatabase, name: string, key: string): Promise<void> {
  await database.run(`insert into harms
    select 'duplicate-write', '${name}', ${key}, null, null, null, count(*)::varchar, '1' from held group by ${key} having count(*) > 1`);
  await database.run(`create or replace temp table fate as
    select key, count(*) as n, bool_or(kind in ('insert', 'delete')) as comes_or_goes,
      bool_or(kind = 'insert' and outcome = 'committed') as inserted, bool_or(kind = 'insert') as maybe_inserted,
      bool_or(kind = 'delete' and outcome = 'committed') as deleted,
      max("end") filter (kind = 'insert' and outcome = 'committed') as inserted_end,
      max(start) filter (kind = 'insert' and outcome = 'committed') as inserted_start,
      max(start) filter (kind = 'delete' and outcome = 'committed') as deleted_start,
      max("end") filter (kind = 'delete' and outcome = 'committed') as deleted_end,
      bool_or(kind = 'delete' and outcome = 'indeterminate') as delete_in_doubt, bool_or(kind = 'insert' and outcome = 'indeterminate') as insert_in_doubt,
      max(seq) filter (outcome = 'committed') as seq, max("end") filter (outcome = 'committed') as acknowledged
    from touched group by key`);
  // Gone: a row of the baseline that nobody touched is as much a loss as a fresh one.
  await database.run(`insert into harms
    select case when coalesce(f.delete_in_doubt, false) then 'write-possibly-lost' else 'write-lost' end, '${name}', k.key, null, f.seq, f.acknowledged, null, 'present'
    from (select ${key} as key from base union all select key from fate where inserted and key not in (select ${key} from base)) k
    left join fate f using (key)
    where not exists (select 1 from held h where h.${key} = k.key) and (not coalesce(f.deleted, false) or coalesce(f.inserted_start > f.deleted_end, false))`);
  // There: never inserted by anyone, or deleted after every insert had ended.
  await database.run(`insert into harms
    select 'phantom-write', '${name}', h.${key}, null, f.seq, null, 'present', case when f.deleted then 'deleted' else 'absent' end
    from (select distinct ${key} from held) h left join fate f on f.key = h.${key} left join (select distinct ${key} from base) b on b.${key} = h.${key}
    where (b.${key} is null and not coalesce(f.maybe_inserted, false))
       or (coalesce(f.deleted, false) and not f.insert_in_doubt and (f.inserted_end is null or f.inserted_end < f.deleted_start))`);
}
