// The types of what was dumped, for whoever compares it.

import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { codeOf } from "../base/errors.ts";
import { kindOf, TEXT, type Column, type ValueKind } from "./values.ts";

type Recorded = Readonly<Record<string, readonly Column[]>>;

/*
 * What a field's values are compared as is its type before the migration: of a text that became a number and a text again, 007 and 7
 * are two values, as they were before; of a number that is now held as text, 1.50 and 1.5 are one. A field
 * that only the new schema has is compared as what it is there.
 */
export class EntityColumns {
  readonly #before: Recorded;
  readonly #after: Recorded;

  constructor(before: Recorded, after: Recorded) {
    [this.#before, this.#after] = [before, after];
  }

  /** Of a run directory. One that doesn't say has texts. */
  static async of(directory: string): Promise<EntityColumns> {
    return new EntityColumns(await recorded(directory, "before"), await recorded(directory, "after"));
  }

  kind(entity: string, field: string): ValueKind {
    const named = ({ name }: Column) => name.toLowerCase() === field.toLowerCase(); // as in DuckDB
    const column = this.#before[entity]?.find(named) ?? this.#after[entity]?.find(named);
    return column ? kindOf(column) : TEXT;
  }

  /** Whether anything is said of an entity. */
  knows(entity: string): boolean {
    return (this.#before[entity] ?? this.#after[entity] ?? []).length > 0;
  }
}

async function recorded(directory: string, when: "before" | "after"): Promise<Recorded> {
  try {
    return (JSON.parse(await readFile(join(directory, when, "entities.json"), "utf8")) as { readonly columns?: Recorded }).columns ?? {};
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return {}; // who reads the facts says that they are damaged
    throw error;
  }
}
