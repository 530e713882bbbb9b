// Transactions of unknown outcome that took effect in part: whatever happened to them, that can't have.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { literal } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";

/*
 * An operation in doubt may have happened or not, so each of its effects alone is admissible. But a
 * transaction is one: where one effect is plainly there and another plainly isn't, it was torn.
 * Only records that nobody else touched are witnesses; what others may have done proves nothing.
 * (Committed and rejected operations need no such rule: their missing or surplus half is a loss or
 * a phantom by itself.)
 */

/** Makes the tables in which witnesses are noted. */
export async function prepareWitnesses(database: EvidenceDatabase): Promise<void> {
  await database.run("create table witnesses (seq bigint, entity varchar, key varchar, applied boolean)");
  await database.run("create temp table several as select seq from effects where outcome = 'indeterminate' group by seq having count(*) > 1");
}

/** Notes what the records of an entity say of operations in doubt. Needs `touched`, `fate`, `held` and `base` of reconcile.ts. */
export async function collectWitnesses(database: EvidenceDatabase, { name, key: keyColumn, counters }: Entity, fields: readonly string[]): Promise<void> {
  const key = `"${keyColumn}"`;
  await database.run(`create or replace temp table alone as
    select t.seq, t.key, t.kind, t.value from touched t
    where t.outcome = 'indeterminate' and t.seq in (from several)
      and t.key in (select key from fate where n = 1)`);
  await database.run(`insert into witnesses
    select a.seq, ${literal(name)}, a.key, h.${key} is not null from alone a left join held h on h.${key} = a.key where a.kind = 'insert' and a.key not in (select ${key} from base)
    union all select a.seq, ${literal(name)}, a.key, h.${key} is null from alone a left join held h on h.${key} = a.key where a.kind = 'delete' and a.key in (select ${key} from base)`);
  for (const field of fields) {
    const counter = counters.includes(field);
    const [is, was, set] = [`h."${field}"`, `b."${field}"`, `(a.value ->> ${literal(field)})`];
    const number = (text: string) => `try_cast(${text} as decimal(38, 6))`;
    const applied = counter ? `${number(is)} - ${number(was)} = ${number(set)}` : `${is} is not distinct from ${set}`;
    const not = counter ? `${number(is)} = ${number(was)}` : `${is} is not distinct from ${was}`;
    const telling = counter ? `${number(set)} <> 0` : `${set} is distinct from ${was}`;
    await database.run(`insert into witnesses
      select a.seq, ${literal(name)}, a.key, coalesce(${applied}, false) from alone a join held h on h.${key} = a.key join base b on b.${key} = a.key
      where a.kind = '${counter ? "add" : "update"}' and json_exists(a.value, ${literal(`$."${field}"`)}) and ${telling} and (coalesce(${applied}, false) or coalesce(${not}, false))`);
  }
}

/** Enters every torn operation into `harms`, at the first record that lacks its effect. */
export async function findTorn(database: EvidenceDatabase): Promise<void> {
  await database.run(`insert into harms
    select 'torn-write', arg_min(entity, key) filter (not applied), min(key) filter (not applied), null, seq, null, 'without its effect', 'all or nothing, and ' || min(key) filter (applied) || ' has it'
    from witnesses group by seq having bool_or(applied) and bool_or(not applied)`);
}
