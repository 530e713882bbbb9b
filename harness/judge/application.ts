// What the application ran into after the way back: a schema or cached plans that don't fit each other.

import type { EvidenceDatabase } from "../evidence/database.ts";
import type { Finding } from "./scorecard.ts";

/*
 * Only after the way back has ended: during it, old and new code meet either shape by design.
 * Only codes that no operation met before the migration: a client that always asked for a
 * column that never was has a defect of its own.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const WRONG_SHAPE = ["42703", "42P01", "42883", "42804", "42P10", "23502"];
/** "cached plan must not change result type": a prepared statement outlived the shape that it was made for. */
const STALE_PLAN = ["0A000"];

/** @param migrationNs when the migration began; @param rollbackEndNs when the way back had ended, on the run's clock */
export async function applicationFindings(database: EvidenceDatabase, migrationNs: number, rollbackEndNs: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [kind, codes, what] of [
    ["wrong-schema-version", WRONG_SHAPE, "refused after the way back: the application and the schema are of different versions"],
    ["stale-plan", STALE_PLAN, "refused after the way back: plans cached against the other shape"],
  ] as const) {
    const rows = await database.rows(`select code, count(*)::double as n from operations where outcome = 'rejected' and start > ${rollbackEndNs}
      and code in (${codes.map((code) => `'${code}'`).join(", ")}) and code not in (select code from operations where start < ${migrationNs}) group by code order by code`);
    for (const { code, n } of rows) {
      const query = `select seq, op, start, code from operations where outcome = 'rejected' and code = '${String(code)}' and start > ${rollbackEndNs} order by seq`;
      const examples = await database.rows(`${query} limit 5`);
      findings.push({ kind, subject: String(code), detail: `${Number(n).toLocaleString("en-US")} ${Number(n) === 1 ? "operation" : "operations"} ${what}`, count: Number(n), examples, query });
    }
  }
  return findings;
}
