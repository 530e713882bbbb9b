// Decides exactly whether a record can hold what it holds, for the few records where a rule of thumb can't.

import { plus } from "./decimals.ts";

/** A record's logical fields as canonical texts (evidence/values.ts); undefined where there is none. A field that is not named is nobody's claim. */
export type Fields = Readonly<Record<string, string | null>>;
export type Operation = {
  readonly kind: "insert" | "update" | "delete" | "add";
  readonly start: number;
  /** Infinity for one of unknown outcome: it can take effect at any later moment, or never. */
  readonly end: number;
  readonly certain: boolean;
  readonly value: Fields;
};

/** More operations on one record than this are left to the rules of reconcile.ts. */
export const MOST_OPERATIONS = 12;

/*
 * Wing and Gong's search ("Testing and Verifying Concurrent Objects", 1993), with what has been
 * tried remembered by Lowe's way: a set of operations and the state that they have led to is
 * searched on once, in whatever order they came.
 *
 * An operation may be next unless one that is still to come had ended before it began. An insert of
 * what is there fails, so it can't have been acknowledged at that place; an update, a change or
 * a delete of what isn't there affects no row, and is acknowledged all the same.
 */

/** Whether some order of the operations leads from `base` to `held`. */
export function isAdmissible(base: Fields | undefined, operations: readonly Operation[], held: Fields | undefined, counters: ReadonlySet<string>): boolean {
  const tried = new Set<string>();
  const all = (1 << operations.length) - 1;
  const certain = operations.reduce((mask, { certain: sure }, i) => (sure ? mask | (1 << i) : mask), 0);
  const walk = (done: number, state: Fields | undefined): boolean => {
    if ((done & certain) === certain && fits(state, held)) return true;
    if (done === all) return false;
    const place = `${done} ${state === undefined ? "" : JSON.stringify(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
    if (tried.has(place)) return false;
    tried.add(place);
    return operations.some((operation, i) => {
      if ((done & (1 << i)) !== 0) return false;
      if (operations.some((other, j) => j !== i && (done & (1 << j)) === 0 && other.end < operation.start)) return false;
      const next = apply(state, operation, counters);
      return (next !== IMPOSSIBLE && walk(done | (1 << i), next)) || (!operation.certain && walk(done | (1 << i), state));
    });
  };
  return walk(0, base);
}

const IMPOSSIBLE = Symbol("impossible");

function apply(state: Fields | undefined, { kind, value }: Operation, counters: ReadonlySet<string>): Fields | undefined | typeof IMPOSSIBLE {
  if (kind === "insert") return state === undefined ? value : IMPOSSIBLE;
  if (state === undefined || kind === "delete") return undefined;
  if (kind === "update") return { ...state, ...value };
  const changed = Object.entries(value).filter(([field]) => counters.has(field) && state[field] !== undefined);
  return { ...state, ...Object.fromEntries(changed.map(([field, by]) => [field, counted(state[field] ?? null, by)])) };
}

function fits(state: Fields | undefined, held: Fields | undefined): boolean {
  if (state === undefined || held === undefined) return state === held;
  return Object.entries(held).every(([field, value]) => state[field] === undefined || same(state[field], value));
}

/** The same text; a told one of which nobody knows what it is may be any. */
function same(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && (a.startsWith(UNSURE) || closeFloats(a, b)));
}

/** Marks a value of which nobody can say for certain what the server makes of it. */
export const UNSURE = "\u0000";
/** Marks a float that was counted: its sum depends on the order, and its last digits on that. */
export const FLOAT = "\u0001";

function closeFloats(a: string, b: string): boolean {
  if (!a.startsWith(FLOAT) || !b.startsWith(FLOAT)) return false;
  const [x, y] = [Number(a.slice(1)), Number(b.slice(1))];
  return Math.abs(x - y) <= 1e-6 * Math.max(Math.abs(x), Math.abs(y), 1e-30);
}

/** What a counter holds after a change. What isn't known stays so, and null and something is null. */
function counted(was: string | null, by: string | null): string | null {
  if (was === null || by === null) return null;
  if (was.startsWith(UNSURE) || by.startsWith(UNSURE)) return UNSURE;
  return was.startsWith(FLOAT) ? `${FLOAT}${Number(was.slice(1)) + Number(by.replace(FLOAT, ""))}` : plus(was, by);
}
