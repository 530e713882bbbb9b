// Rules between the records of several databases: no one of them can look after these.

import { messageOf } from "../base/errors.ts";
import type { System } from "../drill/system.ts";
import { acrossQuery } from "../evidence/across.ts";
import type { EvidenceDatabase } from "../evidence/database.ts";
import { allRules, judgeRule, type Rules } from "./integrity.ts";

const EXAMPLES = 5;

type Held = { readonly name: string; readonly violations: number; readonly examples: readonly unknown[]; readonly query: string; readonly error?: string };

/**
 * The rules that hold no more, though they held before, or to a lesser extent. A rule that can't be asked any more, because records
 * can't be read, doesn't hold; one that could never be asked is not known.
 * @param read the entities that were read afterwards, too
 */
export async function judgeAcross(database: EvidenceDatabase, { across, entities }: Pick<System, "across" | "entities">, read: readonly { readonly name: string }[]): Promise<Rules> {
  const rules: Rules[] = [];
  for (const { name, query } of across) {
    const was = { name, ...(await ask(database, "before", query, entities)) };
    const is = { name, ...(await ask(database, "after", query, read)) };
    rules.push(judgeRule(was, is, ", across databases"));
  }
  return allRules(rules);
}

async function ask(database: EvidenceDatabase, when: "before" | "after", rule: string, entities: readonly { readonly name: string }[]): Promise<Omit<Held, "name">> {
  const query = acrossQuery(when, rule, entities);
  try {
    const [counted] = await database.rows(`select count(*)::double as n from (${query})`);
    const violations = Number(counted?.["n"]);
    return { violations, query, examples: violations === 0 ? [] : await database.rows(`select * from (${query}) limit ${EXAMPLES}`) };
  } catch (error) {
    return { violations: 0, examples: [], query, error: messageOf(error) };
  }
}
