// Tables that grow together: each transaction that adds a row to one adds its rows to the other, as an order does and its event in an outbox.

/** Of so many transactions each added `each` rows for every row that it added to `source`. */
export type Lockstep = { readonly source: string; readonly each: number; readonly transactions: number };

/** A table in normal service: how many rows more it has, and how many rows each transaction wrote that are there. */
export type Growing = {
  readonly table: string;
  /** Entities read it: its rows are what clients were told. */
  readonly read: boolean;
  readonly more: number; readonly added: ReadonlyMap<string, number>;
  /** As far as its sample shows. */
  readonly kept: boolean; readonly unchanged: boolean;
};

/** Of fewer transactions a rule may be chance. */
const LEAST = 20;
const MOST_EACH = 20;

/**
 * Which tables that no entity reads grow with one that some entity reads. Two things must hold at once, of one snapshot: it grew exactly
 * as many times as much; and its new rows were written by transactions that wrote the other one's as well, each in the same proportion.
 * A row of the other table that was changed since carries another transaction, so that not all can be found again: four fifths must be, of either side.
 * Where one transaction makes an exception, or the rows come and go, there is no rule.
 */
export function lockstepOf(tables: readonly Growing[]): (Lockstep & { readonly table: string })[] {
  const sources = tables.filter(({ read, more, kept }) => read && more >= LEAST && kept);
  return tables.filter(({ read, more, kept, unchanged }) => !read && more >= LEAST && kept && unchanged).flatMap((table) => sources.flatMap((source) => {
    const each = table.more / source.more;
    if (!Number.isInteger(each) || each > MOST_EACH) return [];
    if ([...table.added.values()].reduce((sum, n) => sum + n, 0) !== table.more) return [];
    const both = [...table.added].filter(([id]) => source.added.has(id));
    if (both.length < LEAST || both.length < 0.8 * Math.max(table.added.size, source.added.size)) return [];
    return both.every(([id, n]) => n === each * (source.added.get(id) ?? 0)) ? [{ table: table.table, source: source.table, each, transactions: both.length }] : [];
  }));
}

/** A table with a row of each transaction that wrote one of these, as a log of changes has: so many rows, and of so many transactions that was seen. */
export type Beside = { readonly sources: readonly string[]; readonly rows: number; readonly transactions: number };

/**
 * Tables that no entity reads and whose new rows come with each write of tables that some entity reads, new rows and changed ones alike. How many
 * writes there were, the rows can't say (of a row that was changed twice the first transaction is not to be found): the ledger does.
 */
export function besideOf(tables: readonly Growing[]): (Beside & { readonly table: string })[] {
  const sources = tables.filter(({ read, added }) => read && added.size > 0);
  return tables.filter(({ read, more, kept, unchanged }) => !read && more >= LEAST && kept && unchanged).flatMap((table) => {
    if ([...table.added.values()].some((n) => n > MOST_EACH) || [...table.added.values()].reduce((sum, n) => sum + n, 0) !== table.more) return [];
    const along = sources.filter(({ added }) => [...added.keys()].every((id) => table.added.has(id)));
    const transactions = new Set(along.flatMap(({ added }) => [...added.keys()])).size;
    return transactions < LEAST ? [] : [{ table: table.table, sources: along.map((source) => source.table), rows: table.more, transactions }];
  });
}
