// Fields that a step destroys, copied aside before it and put back after it is undone.

import pg from "pg";
import { sha256 } from "../base/files.ts";
import type { Plan, Step } from "../drill/plan.ts";
import { JOURNAL_SCHEMA } from "./journal.ts";

type Preserved = NonNullable<Step["preserve"]>[number];

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

  /** Before the step, in its transaction. */
  copyAside(): Promise<void> {
    return this.#each(async ({ table, key, columns }, kept) => {
      await this.#query(`lock table ${table} in share row exclusive mode`); // or a client's write between the copy and the step is lost
      await this.#query(`create table ${kept} as select ${pg.escapeIdentifier(key)} as kept_key, ${columns.map((column) => `${pg.escapeIdentifier(column)} as ${pg.escapeIdentifier(`was_${column}`)}`).join(", ")} from ${table}`);
      await this.#query(`alter table ${kept} add primary key (kept_key)`);
    });
  }

  /** After the step, in its transaction: what it left of each field, unless that is gone. */
  noteLeft(): Promise<void> {
    return this.#each(async ({ table, key, columns }, kept) => {
      const left = await this.#there(table, columns);
      if (left.length === 0) return;
      await this.#query(`alter table ${kept} ${left.map((column) => `add column ${pg.escapeIdentifier(`left_${column}`)} text`).join(", ")}`);
      await this.#query(`update ${kept} k set ${left.map((column) => `${pg.escapeIdentifier(`left_${column}`)} = t.${pg.escapeIdentifier(column)}::text`).join(", ")} from ${table} t where t.${pg.escapeIdentifier(key)} = k.kept_key`);
    });
  }

  /** After the step is undone, in the same transaction. */
  putBack(): Promise<void> {
    return this.#each(async ({ table, key, columns }, kept) => {
      const { rows: [found] } = await this.#client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [kept]);
      if (!found?.there) return; // the step never came to its end
      const noted = new Set(await this.#there(kept, columns.map((column) => `left_${column}`)));
      const set = columns.map((column) => (noted.has(`left_${column}`)
        ? `${pg.escapeIdentifier(column)} = case when t.${pg.escapeIdentifier(column)}::text is not distinct from k.${pg.escapeIdentifier(`left_${column}`)} then k.${pg.escapeIdentifier(`was_${column}`)} else t.${pg.escapeIdentifier(column)} end`
        : `${pg.escapeIdentifier(column)} = k.${pg.escapeIdentifier(`was_${column}`)}`));
      await this.#query(`update ${table} t set ${set.join(", ")} from ${kept} k where t.${pg.escapeIdentifier(key)} = k.kept_key`);
      await this.#query(`drop table ${kept}`);
    });
  }

  async #there(table: string, columns: readonly string[]): Promise<string[]> {
    const { rows } = await this.#client.query<{ name: string }>("select attname as name from pg_attribute where attrelid = $1::regclass and not attisdropped and attname = any($2)", [table, columns]);
    return rows.map(({ name }) => name);
  }
}
