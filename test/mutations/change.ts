// What a change is: a kind, the objects that it can be made to, and the statements that make it.

import type { Random } from "./draw.ts";

/** A target's names, quoted already. */
export type Target = Readonly<Record<string, string>>;

export type Change = {
  readonly name: string;
  /** What kind of object changes; figures are kept by it. */
  readonly object: string;
  /** A query for the objects that it can be made to; each column becomes a field of the target. */
  readonly targets: string;
  readonly sql: (target: Target, random: Random) => readonly string[];
  /** What puts the server back, for what outlives the database. */
  readonly undo?: (target: Target) => readonly string[];
  /** Each statement by itself: it can't run in a transaction. */
  readonly apart?: true;
  /** The author's idea; the witness decides. */
  readonly noop?: true;
};

type More = Pick<Change, "apart" | "noop">;
type Statements = string | readonly string[];
const list = (statements: Statements): readonly string[] => (typeof statements === "string" ? [statements] : statements);

/** Several kinds of one object: `{field}` in a statement stands for the target's field. */
export function changes(object: string, targets: string, kinds: Readonly<Record<string, Statements>>, more: More = {}): Change[] {
  return Object.entries(kinds).map(([name, statements]) => ({ name: `${object}: ${name}`, object, targets, sql: filling(statements), ...more }));
}

/** The same, each with what puts the server back. */
export function serverChanges(object: string, targets: string, kinds: Readonly<Record<string, readonly [Statements, Statements]>>, more: More = {}): Change[] {
  return Object.entries(kinds).map(([name, [statements, undo]]) => ({ name: `${object}: ${name}`, object, targets, sql: filling(statements), undo: filling(undo), ...more }));
}

const filling = (statements: Statements) => (target: Target) => list(statements).map((one) => one.replaceAll(/\{(\w+)\}/g, (all, field: string) => target[field] ?? all));
