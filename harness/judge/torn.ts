// Transactions of unknown outcome that took effect in part: whatever happened to them, that can't have.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier, literal, member } from "../evidence/duckdb.ts";
import { canonical } from "../evidence/values.ts";
import type { Entity } from "../drill/system.ts";
import { counterKind } from "./counters.ts";
import { unitsOf } from "./decimals.ts";
import { sameAsTold } from "./field-values.ts";

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

/** Notes what the records of an entity say of operations in doubt. Needs `touched`, `fate`, `held` and `base` of reconcile.ts, `cells` and `writes` of field-values.ts. */
export async function collectWitnesses(database: EvidenceDatabase, { name, key: keyColumn, counters }: Entity, fields: readonly string[]): Promise<void> {
  const key = identifier(keyColumn);
  await database.run(`create or replace temp table alone as
    select t.seq, t.key, t.kind, t.value from touched t
    where t.outcome = 'indeterminate' and t.seq in (from several)
      and t.key in (select key from fate where n = 1)`);
  await database.run(`insert into witnesses
    select a.seq, ${literal(name)}, a.key, h.${key} is not null from alone a left join held h on h.${key} = a.key where a.kind = 'insert' and a.key not in (select ${key} from base)
    union all select a.seq, ${literal(name)}, a.key, h.${key} is null from alone a left join held h on h.${key} = a.key where a.kind = 'delete' and a.key in (select ${key} from base)`);
  await database.run(`insert into witnesses
    with told as (select a.seq, a.key, ${sameAsTold("w", "c")} as applied, c.unchanged, ${sameAsTold("w", "was")} as already
      from alone a join writes w on w.key = a.key and w.seq = a.seq join cells c on c.key = w.key and c.field = w.field
      join (select key, field, was as held, case when unchanged then canonical else was end as canonical from cells) was on was.key = w.key and was.field = w.field
      where a.kind = 'update' and c.had and not w.unsure)
    select seq, ${literal(name)}, key, applied from told where not already and (applied or unchanged)`);
  for (const counter of counters.filter((field) => fields.includes(field))) await countedWitnesses(database, name, key, counter);
}

/** A record that one operation alone counted has its change, or hasn't. */
async function countedWitnesses(database: EvidenceDatabase, entity: string, key: string, counter: string): Promise<void> {
  const kind = counterKind(database, entity, counter);
  const field = identifier(counter);
  const rows = await database.rows(`select a.seq::double as seq, a.key, h.${field} as held, b.${field} as was, ${member("a.value", counter)} as change
    from alone a join held h on h.${key} = a.key join base b on b.${key} = a.key where a.kind = 'add' and ${member("a.value", counter)} is not null and h.${field} is not null and b.${field} is not null order by 1, 2`);
  const witnesses = rows.flatMap(({ seq, key: of, held, was, change }) => {
    const texts = [held, was, change].map((text) => canonical(kind, String(text)));
    const numbers = texts.some((text) => text === undefined) || kind.of.startsWith("float") ? undefined : unitsOf(texts as string[]);
    const [is = 0n, before = 0n, by = 0n] = numbers?.units ?? [];
    return by !== 0n && (is - before === by || is === before) ? [`(${Number(seq)}, ${literal(entity)}, ${literal(String(of))}, ${is - before === by})`] : [];
  });
  for (let at = 0; at < witnesses.length; at += 1_000) await database.run(`insert into witnesses values ${witnesses.slice(at, at + 1_000).join(", ")}`);
}

/** Enters every torn operation into `harms`, at the first record that lacks its effect. */
export async function findTorn(database: EvidenceDatabase): Promise<void> {
  await database.run(`insert into harms
    select 'torn-write', arg_min(entity, key) filter (not applied), min(key) filter (not applied), null, seq, null, 'without its effect', 'all or nothing, and ' || min(key) filter (applied) || ' has it'
    from witnesses group by seq having bool_or(applied) and bool_or(not applied)`);
}
