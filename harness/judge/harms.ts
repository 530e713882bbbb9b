// What reconciliation found, in findings: clients' writes and rows that were there before told apart, with examples.

import type { EvidenceDatabase, Row } from "../evidence/database.ts";
import { identifier, literal, memberNamedBy } from "../evidence/duckdb.ts";
import type { Entity } from "../drill/system.ts";
import type { Compared, Finding } from "./scorecard.ts";

export type Harm = "write-lost" | "write-possibly-lost" | "phantom-write" | "duplicate-write" | "altered-write" | "torn-write" | "value-shed";

const SAYS: Readonly<Record<Harm, string>> = {
  "write-lost": "acknowledged to a client, and gone",
  "write-possibly-lost": "acknowledged, and gone; an operation of unknown outcome could explain it",
  "phantom-write": "present, though no client was told so or could have caused it",
  "duplicate-write": "applied more than once",
  "altered-write": "present with a value that no admissible history gives",
  "torn-write": "lack their part of a transaction of unknown outcome, another part of which is there",
  "value-shed": "set in the new schema, and without a place in the old one",
};

/** Where it matters whose it is: what clients wrote, and what was there before any of them. */
const TOLD_APART: Readonly<Partial<Record<Harm, string>>> = {
  "write-lost": "gone",
  "write-possibly-lost": "gone; an operation of unknown outcome could explain it",
  "duplicate-write": "there more than once",
  "altered-write": "present with a value that no admissible history gives",
};

const EXAMPLES = 5;
const MOST_FIELDS = 5;

/** One finding a harm and entity, in a fixed order. */
export async function harmFindings(database: EvidenceDatabase, entities: readonly Pick<Entity, "name" | "key">[]): Promise<Finding[]> {
  const groups = await database.rows("select harm, entity, count(*)::double as n from harms group by all order by harm, entity");
  return Promise.all(groups.map(async (group) => {
    const [harm, entity, count] = [group["harm"] as Harm, String(group["entity"]), Number(group["n"])];
    const query = `select * from harms where harm = '${harm}' and entity = '${entity}' order by key, field`;
    const examples = (await database.rows(`${query} limit ${EXAMPLES}`)).map((row) => compared(harm, row));
    const before = TOLD_APART[harm] === undefined ? 0 : await ofRowsBefore(database, harm, entity, entities.find(({ name }) => name === entity)?.key);
    const fields = await fieldsOf(database, harm, entity);
    return {
      kind: harm, subject: entity, count, ...(before > 0 && { ofRowsBefore: before }), ...(fields.length > 0 && { fields }), query, examples,
      detail: `${inWords(harm, entity, count, before)}${fields.length > 0 ? ` (${fields.join(", ")})` : ""}`,
    };
  }));
}

/** The fields whose values are concerned, those of most records first. */
async function fieldsOf(database: EvidenceDatabase, harm: Harm, entity: string): Promise<readonly string[]> {
  if (harm === "value-shed") return [];
  const rows = await database.rows(`select field, count(*)::double as n from harms where harm = '${harm}' and entity = ${literal(entity)} and field is not null group by field order by n desc, field`);
  const fields = rows.map(({ field }) => String(field));
  return fields.length > MOST_FIELDS ? [...fields.slice(0, MOST_FIELDS), `${fields.length - MOST_FIELDS} more`] : fields;
}

function inWords(harm: Harm, entity: string, count: number, before: number): string {
  const records = `${count} ${entity} ${count === 1 ? "record" : "records"}`;
  return before === 0 ? `${records}: ${SAYS[harm]}` : `${records}: ${apart(count - before, before)}: ${TOLD_APART[harm] ?? ""}`;
}

/** "12 acknowledged writes and 3 rows that were there before": who reads it knows whether clients or the system's own data are concerned. */
export function apart(writes: number, rows: number): string {
  const told = `${writes} acknowledged ${writes === 1 ? "write" : "writes"}`;
  return rows === 0 ? told : `${writes === 0 ? "" : `${told} and `}${rows} ${rows === 1 ? "row that was" : "rows that were"} there before`;
}

/** No acknowledged write is known of it, though some may be of the same record, of another field. */
async function ofRowsBefore(database: EvidenceDatabase, harm: Harm, entity: string, key: string | undefined): Promise<number> {
  if (key === undefined) return 0;
  const [row] = await database.rows(`select count(*)::double as n from harms h where harm = '${harm}' and entity = ${literal(entity)} and seq is null
    and key in (select ${identifier(key)} from ${identifier(`before_${entity}`)}) and not exists (select 1 from effects e where e.entity = h.entity and e.key = h.key and e.outcome = 'committed'
      and (h.field is null or ${memberNamedBy("e.value", "h.field")} is not null))`);
  return Number(row?.["n"] ?? 0);
}

/** What stands for a value that isn't there. */
const ABSENT: Readonly<Partial<Record<Harm, string>>> = { "write-lost": "gone", "write-possibly-lost": "gone", "value-shed": "no place for it" };

/** With what clients were told of it, where that is known. */
function compared(harm: Harm, { key, field, seq, acknowledged, expected, held }: Row): Compared {
  const known = Object.entries({ field, seq, acknowledged }).filter(([, value]) => value !== null);
  const value = (text: unknown, absent: string | null) => (text === null || text === undefined ? absent : String(text));
  const whole = field === null || field === undefined || harm === "value-shed";
  return { key: String(key), ...Object.fromEntries(known), expected: value(expected, null), held: value(held, whole ? ABSENT[harm] ?? "absent" : null) };
}
