// The values of fields that operations set: which of a record's are what some admissible history gives.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { identifier, literal, memberNamedBy } from "../evidence/duckdb.ts";
import { canonical, DIGEST, digestOf, plainly, TEXT, type ValueKind } from "../evidence/values.ts";

type Fields = {
  readonly entity: string;
  readonly key: string;
  /** Fields that operations set. */
  readonly set: readonly string[];
  /** Of them, those that the baseline has, too: another one is held against what was written alone. */
  readonly known: ReadonlySet<string>;
};

/**
 * Enters wrong values of the suspects in `harms`, and in `unsure` those for which the only explanation is a told text of which nobody
 * can say for certain what the server makes of it. Needs `held`, `base` and `touched` of reconcile.ts. Leaves `cells` (held and
 * was, also in canonical form) and `writes`.
 */
export async function values(database: EvidenceDatabase, fields: Fields): Promise<void> {
  await canonicalForms(database, fields);
  await database.run(`create or replace temp table verdicts as
    with latest as (select key, field, max(start) filter (outcome = 'committed') as l, max_by(seq, start) filter (outcome = 'committed') as seq,
        max_by(value, start) filter (outcome = 'committed') as value, max_by("end", start) filter (outcome = 'committed') as acknowledged,
        bool_or(outcome = 'committed') as any_committed from writes group by key, field),
      pairs as (select c.key, c.field, c.held, c.was, c.had, c.unchanged, w.key is not null as written, w.outcome, w.start, w."end",
          ${sameAsTold("w", "c")} as equal, coalesce(w.unsure and c.held is not null, false) as unsure,
          -- an admissible write whose effect at this place needs no late surprise
          w.key is not null and ((w.outcome = 'committed' and w."end" >= l.l) or (w.outcome = 'indeterminate' and (l.l is null or w.start >= l.l))) as admissible
        from cells c left join writes w on w.key = c.key and w.field = c.field left join latest l on l.key = c.key and l.field = c.field)
    select p.key, p.field, p.held, any_value(l.seq) as seq, any_value(l.acknowledged) as acknowledged, coalesce(any_value(l.value), any_value(p.was)) as expected,
      coalesce(bool_or(p.admissible and p.equal), false) as fits, coalesce(bool_or(p.admissible and p.unsure), false) as fits_unsure,
      coalesce(bool_or(p.written and p.equal and p.outcome = 'indeterminate'), false) as in_doubt,
      coalesce(bool_or(p.written and p.equal), false) or (p.had and any_value(p.unchanged)) as known,
      (p.had and not coalesce(bool_or(l.any_committed), false) and any_value(p.unchanged)) as untouched,
      bool_or(p.written) as written, p.had, coalesce(bool_or(l.any_committed), false) as any_committed
    from pairs p left join latest l on l.key = p.key and l.field = p.field
    group by p.key, p.field, p.held, p.had`);
  const wrong = "not fits and not untouched and (written or had)";
  // A field that an insert didn't set and nobody wrote (a default) is nobody's claim.
  await database.run(`insert into harms
    select case when in_doubt then 'write-possibly-lost' when known and any_committed then 'write-lost' else 'altered-write' end,
      ${literal(fields.entity)}, key, field, seq, acknowledged, held, expected
    from verdicts where ${wrong} and not fits_unsure`);
  await database.run(`insert into unsure select ${literal(fields.entity)}, key, field, held, expected from verdicts where ${wrong} and fits_unsure`);
}

/** Whether a write of `writes` tells what a cell of `cells` holds. */
export const sameAsTold = (write: string, cell: string) => `(case when ${write}.value is null or ${cell}.held is null then ${write}.value is null and ${cell}.held is null
  else coalesce(${write}.value = ${cell}.held or ${write}.canonical = ${cell}.canonical or (starts_with(${cell}.held, ${literal(DIGEST)}) and ${cell}.held = ${digestOf(`${write}.value`)}), false) end)`;

/** Makes `cells` and `writes`. Most values have a canonical form that is quick to say; the others are asked of values.ts, each once. */
async function canonicalForms(database: EvidenceDatabase, { entity, key, set, known }: Fields): Promise<void> {
  const kinds = new Map(set.map((field) => [field, database.columns.kind(entity, field)]));
  const kindOf = (field: string): ValueKind => kinds.get(field) ?? TEXT;
  const cells = set.map((field) => {
    const [held, was] = [`h.${identifier(field)}`, known.has(field) ? `b.${identifier(field)}` : "null::varchar"];
    return `select h.${key} as key, ${literal(field)} as field, ${held} as held, ${was} as was, ${known.has(field) ? `b.${key} is not null` : "false"} as had,
      ${plainly(kindOf(field), held)} as held_plain, ${plainly(kindOf(field), was)} as was_plain from (select distinct on (${key}) * from held order by ${key}) h left join base b on b.${key} = h.${key}`;
  });
  const none = "select null::varchar as key, null::varchar as field, null::varchar as held, null::varchar as was, false as had, null::varchar as held_plain, null::varchar as was_plain limit 0";
  await database.run(`create or replace temp table quick as ${cells.length > 0 ? cells.join(" union all ") : none}`);
  await database.run(`create or replace temp table told as
    select key, field, seq, outcome, start, "end", value, case field ${["when '' then null::varchar", ...set.map((field) => `when ${literal(field)} then ${plainly(kindOf(field), "value")}`)].join(" ")} end as plain
    from (select key, field, seq, outcome, start, "end", ${memberNamedBy("value", "field")} as value
      from (select *, unnest(json_keys(value)) as field from touched where kind in ('insert', 'update')) where field in (${["", ...set].map(literal).join(", ")}))`);
  await database.run("create or replace temp table asked (field varchar, value varchar, canonical varchar)");
  const odd = await database.rows(`select distinct field, value from (select field, held as value from quick where held_plain is null and held is distinct from was
    union all select field, was from quick where was_plain is null and held is distinct from was union all select field, value from told where plain is null) where value is not null`);
  const answers = odd.flatMap(({ field, value }) => {
    const form = canonical(kindOf(String(field)), String(value));
    return form === undefined ? [] : [`(${literal(String(field))}, ${literal(String(value))}, ${literal(form)})`];
  });
  for (let at = 0; at < answers.length; at += 1_000) await database.run(`insert into asked values ${answers.slice(at, at + 1_000).join(", ")}`);
  // A document is text to who dumps it, and is only told by its content.
  const texts = set.filter((field) => kindOf(field).of === "json");
  // A float's zero has a sign, and 1/x tells which.
  const signed = set.filter((field) => kindOf(field).of.startsWith("float"));
  await database.run(`create or replace temp table cells as
    select q.key, q.field, q.held, q.was, q.had, coalesce(q.held_plain, h.canonical, q.held) as canonical,
      case when q.held is not distinct from q.was then true when q.field in (${["", ...texts].map(literal).join(", ")}) then false
        when q.field in (${["", ...signed].map(literal).join(", ")}) and (q.held = '-0') <> (q.was = '-0') then false
        else coalesce(coalesce(q.held_plain, h.canonical, q.held) = coalesce(q.was_plain, w.canonical, q.was), false) end as unchanged
    from quick q left join asked h on h.field = q.field and h.value = q.held and q.held_plain is null left join asked w on w.field = q.field and w.value = q.was and q.was_plain is null`);
  await database.run(`create or replace temp table writes as
    select t.* exclude (plain), coalesce(t.plain, a.canonical) as canonical, t.value is not null and coalesce(t.plain, a.canonical) is null as unsure
    from told t left join asked a on a.field = t.field and a.value = t.value and t.plain is null`);
}
