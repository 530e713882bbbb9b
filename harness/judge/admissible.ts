// Decides exactly whether a record can hold what it holds, for the few records where a rule of thumb can't.

/** A record's logical fields as text; undefined where there is none. A field that is not named is nobody's claim. */
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
  return { ...state, ...Object.fromEntries(changed.map(([field, by]) => [field, String(Number(state[field]) + Number(by))])) };
}

function fits(state: Fields | undefined, held: Fields | undefined): boolean {
  if (state === undefined || held === undefined) return state === held;
  return Object.entries(held).every(([field, value]) => state[field] === undefined || same(state[field], value));
}

/** The same text, or the same number. */
function same(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && a.trim() !== "" && b.trim() !== "" && Number(a) === Number(b));
}

/** Whether some of these changes sum to the total; undefined when there are too many sums to tell. */
export function canSumTo(changes: readonly number[], total: number): boolean | undefined {
  let sums = new Set([0]);
  for (const change of changes) {
    sums = new Set([...sums, ...[...sums].map((sum) => rounded(sum + change))]);
    if (sums.size > 100_000) return undefined;
  }
  return sums.has(rounded(total));
}

/** Sums of decimals drift in binary; six places are what counters are compared with. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
