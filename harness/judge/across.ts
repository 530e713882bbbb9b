// Rules between the records of several databases: no one of them can look after these.

import { messageOf } from "../base/errors.ts";
import type { System } from "../drill/system.ts";
import { acrossQuery } from "../evidence/across.ts";
import { EvidenceDatabase, type Row } from "../evidence/database.ts";
import { allRules, judgeRule, type Rules } from "./integrity.ts";

const EXAMPLES = 5;
/** Of all examples of a rule. */
const MOST_CHARACTERS = 50_000;

type Held = { readonly name: string; readonly violations: number; readonly examples: readonly unknown[]; readonly query: string; readonly error?: string };

/**
 * The rules that hold no more, though they held before, or to a lesser extent. A rule that can't be asked any more, because records
 * can't be read, doesn't hold; one that could never be asked is not known.
 * @param read the entities that were read afterwards, too
 */
export async function judgeAcross(directory: string, { across, entities }: Pick<System, "across" | "entities">, read: readonly { readonly name: string }[]): Promise<Rules> {
  if (across.length === 0) return allRules([]);
  await using database = await EvidenceDatabase.open(directory, entities, { apart: true });
  const question = await database.lock(); // the rules came with the run, which may be anybody's
  const rules: Rules[] = [];
  for (const { name, query } of across) {
    const was = { name, ...(await ask(question, "before", query, entities)) };
    const is = { name, ...(await ask(question, "after", query, read)) };
    rules.push(judgeRule(was, is, ", across databases"));
  }
  return allRules(rules);
}

type Question = (sql: string) => Promise<readonly Row[]>;

async function ask(question: Question, when: "before" | "after", rule: string, entities: readonly { readonly name: string }[]): Promise<Omit<Held, "name">> {
  const query = acrossQuery(when, rule, entities);
  try {
    const [counted] = await question(`select count(*)::double as n from (${query})`);
    const violations = Number(counted?.["n"]);
    return { violations, query, examples: violations === 0 ? [] : await examplesOf(question, query) };
  } catch (error) {
    return { violations: 0, examples: [], query, error: messageOf(error) };
  }
}

/** Rows as they are; of values that nobody would read to their end, how they begin. */
async function examplesOf(question: Question, query: string): Promise<readonly Row[]> {
  const examples = `select * from (${query}) limit ${EXAMPLES}`;
  const [size] = await question(`select sum(length(to_json(example)::varchar))::double as n from (${examples}) example`);
  return question(Number(size?.["n"]) <= MOST_CHARACTERS ? examples : `select left(to_json(example)::varchar, ${MOST_CHARACTERS / EXAMPLES}) as row from (${examples}) example`);
}
