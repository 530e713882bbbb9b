// Fields that a step destroys, copied aside before it and put back after it is undone.

import pg from "pg";
import { HarnessError } from "../base/errors.ts";
import { sha256 } from "../base/files.ts";
import { keyColumns, type Plan, type Step } from "../drill/plan.ts";
import { JOURNAL_SCHEMA } from "./journal.ts";

type Preserved = NonNullable<Step["preserve"]>[number];

const id = (name: string) => pg.escapeIdentifier(name);
/** Columns of the copy: what a row is named by, what was there, and what the step left in its place. */
const KEY = (at: number) => id(`key_${at}`);
const was = (column: string) => id(`was_${column}`);
const left = (column: string) => id(`left_${column}`);
const same = ({ key }: Preserved) => keyColumns(key).map((column, at) => `t.${id(column)} = k.${KEY(at)}`).join(" and ");

/** What was there, and what the step left in its place: a client's later value is neither, and must stand. */
export class Preserve {
  readonly #client: pg.Client;
  readonly #step: Step;
  readonly #plan: string;

  constructor(client: pg.Client, plan: Plan, step: Step) {
    this.#client = client;
    this.#step = step;
    this.#plan = plan.name;
  }

  #each(work: (preserved: Preserved, kept: string) => Promise<void>): Promise<void> {
    return (this.#step.preserve ?? []).reduce((before, preserved, i) => before.then(() =>
      work(preserved, `${JOURNAL_SCHEMA}.kept_${sha256(`${this.#plan}/${this.#step.id}/${i}`).slice(0, 16)}`)), Promise.resolve());
  }

  #query(sql: string): Promise<unknown> {
    return this.#client.query(sql);
  }

  /** Before the step, in its transaction. @throws HarnessError for a table or column that isn't there, and a key that names no one row */
  copyAside(): Promise<void> {
    return this.#each(async (preserved, kept) => {
      const { table, key, columns } = preserved;
      await this.#checkNames(preserved);
      await this.#query(`lock table ${table} in share row exclusive mode`); // or a client's write between the copy and the step is lost
      await this.#checkKey(preserved);
      const keys = keyColumns(key);
      await this.#query(`create table ${kept} as select ${[...keys.map((column, at) => `${id(column)} as ${KEY(at)}`), ...columns.map((column) => `${id(column)} as ${was(column)}`)].join(", ")} from ${table}`);
      await this.#query(`alter table ${kept} add primary key (${keys.map((_, at) => KEY(at)).join(", ")})`);
    });
  }

  /** After the step, in its transaction: what it left of each field, unless that is gone. */
  noteLeft(): Promise<void> {
    return this.#each(async (preserved, kept) => {
      const { table, columns } = preserved;
      const there = await this.#there(table, columns);
      if (there.length === 0) return;
      await this.#query(`alter table ${kept} ${there.map((column) => `add column ${left(column)} text`).join(", ")}`);
      await this.#query(`update ${kept} k set ${there.map((column) => `${left(column)} = t.${id(column)}::text`).join(", ")} from ${table} t where ${same(preserved)}`);
    });
  }

  /** After the step is undone, in the same transaction. */
  putBack(): Promise<void> {
    return this.#each(async (preserved, kept) => {
      const { table, columns } = preserved;
      const { rows: [found] } = await this.#client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [kept]);
      if (!found?.there) return; // the step never came to its end
      await this.#checkNames(preserved);
      const noted = new Set(await this.#there(kept, columns.map((column) => `left_${column}`)));
      const set = columns.map((column) => (noted.has(`left_${column}`)
        ? `${id(column)} = case when t.${id(column)}::text collate "C" is not distinct from k.${left(column)} then k.${was(column)} else t.${id(column)} end`
        : `${id(column)} = k.${was(column)}`));
      await this.#query(`update ${table} t set ${set.join(", ")} from ${kept} k where ${same(preserved)}`);
      await this.#query(`drop table ${kept}`);
    });
  }

  async #there(table: string, columns: readonly string[]): Promise<string[]> {
    const { rows } = await this.#client.query<{ name: string }>("select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname = any($2)", [table, columns]);
    return rows.map(({ name }) => name);
  }

  async #checkNames({ table, key, columns }: Preserved): Promise<void> {
    const { rows: [found] } = await this.#client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [table]);
    if (!found?.there) throw this.#refusal("no-such-table", `there is no table ${table}`, "name a table that is there before the step and after it is undone");
    const wanted = [...keyColumns(key), ...columns];
    const there = await this.#there(table, wanted);
    const missing = wanted.find((column) => !there.includes(column));
    if (missing !== undefined) throw this.#refusal("no-such-column", `table ${table} has no column ${id(missing)}`, "correct the names in `key` and `columns`; several columns of a key are written as a list");
  }

  async #checkKey({ table, key }: Preserved): Promise<void> {
    const keys = keyColumns(key);
    const named = `${keys.length === 1 ? "the column" : "the columns"} ${keys.map(id).join(", ")}`;
    const count = async (query: string) => Number((await this.#client.query<{ n: string }>(`select count(*) as n from (${query}) found`)).rows[0]?.n);
    const remedy = "name columns that together are never null and never the same, as a primary key's are";
    // How many and not which: whose rows they are nobody knows here.
    const nameless = await count(`select 1 from ${table} t where ${keys.map((column) => `t.${id(column)} is null`).join(" or ")}`);
    if (nameless > 0) throw this.#refusal("key-not-unique", `${named} can't name the rows of table ${table}: in ${nameless} of them one is null`, remedy);
    const list = keys.map((column) => `t.${id(column)}`).join(", ");
    const twice = await count(`select 1 from ${table} t group by ${list} having count(*) > 1`);
    if (twice > 0) throw this.#refusal("key-not-unique", `${named} can't name the rows of table ${table}: ${twice} values are of several rows each`, remedy);
  }

  #refusal(code: string, message: string, remedy: string): HarnessError {
    return new HarnessError({ code: `preserve-${code}`, kind: "run", place: `plan ${this.#plan}, step ${this.#step.id}, preserve`, message: `plan ${this.#plan}, step ${this.#step.id} can't preserve: ${message}`, remedy });
  }
}
