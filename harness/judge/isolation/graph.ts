// The graph of dependencies between transactions, as flat columns.

import { EDGE } from "./anomalies.ts";
import { Ints } from "./growable.ts";
import { type History, STATUS } from "./history.ts";
import { NOBODY, type Versions } from "./versions.ts";

/*
 * ww  A appended an element, and B the next one of that key.
 * wr  A appended the last element that B read, which was not B's own.
 * rw  A read a key up to an element, and B appended the next one.
 * process   B follows A in the same process.
 * realtime  A had ended before B began.
 *
 * An element of a committed transaction that no read shows comes after every element that one
 * shows: lists only grow, so it would stand among them otherwise. That gives a ww from the last
 * one's writer, and an rw from those who read the whole list.
 *
 * Real time is not stored as edges, of which there may be a number squared. Whenever an invocation
 * follows completions, a barrier stands between them: completed -> barrier -> later barriers ->
 * invoked. Barriers lie on a line, so a path through them is never a claim that is not so.
 */

export type Graph = {
  readonly transactions: number;
  /** Edges of transaction t are [start[t], start[t + 1]); each is `to * 8 + edge`. */
  readonly start: Int32Array;
  readonly edges: Int32Array;
  /** The next transaction of the same process, or -1. */
  readonly nextInProcess: Int32Array;
  /** The first barrier after the transaction's end, or -1. */
  readonly barrier: Int32Array;
  /** Transactions invoked after barrier b and before the next one: [barrierFrom[b], barrierFrom[b + 1]). */
  readonly barrierFrom: Int32Array;
};

/** Of a key with appends that nobody read, edges come from this many of its latest readers. */
const LATEST_READERS = 8;

export function buildGraph(history: History, v: Versions): Graph {
  const n = history.transactions;
  const unread = unreadAppends(history, v);
  const sink = new EdgeSink(n);
  visitEdges(history, v, unread, sink);
  sink.fill();
  visitEdges(history, v, unread, sink);
  return { transactions: n, start: sink.start, edges: sink.edges, nextInProcess: successors(history), ...barriers(history) };
}

/** Counts the edges of each transaction in a first pass, and places them in a second one. */
class EdgeSink {
  readonly start: Int32Array;
  edges = new Int32Array(0);
  #next = new Int32Array(0);
  #counting = true;

  constructor(transactions: number) {
    this.start = new Int32Array(transactions + 1);
  }

  fill(): void {
    for (let txn = 1; txn < this.start.length; txn++) (this.start[txn] as number) += this.start[txn - 1] as number;
    this.#next = this.start.slice();
    this.edges = new Int32Array(this.start.at(-1) as number);
    this.#counting = false;
  }

  add(from: number, to: number, edge: number): void {
    if (this.#counting) (this.start[from + 1] as number)++;
    else this.edges[(this.#next[from] as number)++] = to * 8 + edge;
  }
}

type Unread = ReadonlyMap<number, { readonly writers: readonly number[]; readonly readers: readonly number[] }>;

/** By key: committed transactions with appends that no read shows, and the latest readers of the whole list. */
function unreadAppends(history: History, v: Versions): Unread {
  const found = new Map<number, { writers: number[]; readers: number[] }>();
  const contradicted = new Set(history.odds.map(({ key }) => key));
  for (let key = 0; key < history.spines.length; key++) {
    if (contradicted.has(key) || v.firstBad[key] !== 0x7fffffff) continue;
    if ((v.appendStart[key + 1] as number) - (v.appendStart[key] as number) === (history.spines[key] as number[]).length) continue; // all were read
    const writers: number[] = [];
    for (let at = v.appendStart[key] as number; at < (v.appendStart[key + 1] as number); at++) {
      const txn = v.appendTxns[at] as number;
      if (v.place[v.appendOps[at] as number] === -1 && history.status.get(txn) === STATUS.ok && writers.at(-1) !== txn) writers.push(txn);
    }
    if (writers.length > 0) found.set(key, { writers, readers: [] });
  }
  if (found.size === 0) return found;
  for (let txn = history.transactions - 1; txn >= 0; txn--) {
    if (history.status.get(txn) !== STATUS.ok) continue;
    for (let op = history.opStart.get(txn), end = history.opStart.get(txn + 1); op < end; op++) {
      const key = history.opKey.get(op);
      if (key < 0 || history.opValue.data[op] !== (history.spines[key] as number[]).length) continue;
      const readers = found.get(key)?.readers;
      if (readers && readers.length < LATEST_READERS && readers.at(-1) !== txn) readers.push(txn);
    }
  }
  return found;
}

function visitEdges(history: History, v: Versions, unread: Unread, sink: EdgeSink): void {
  const { writer, start } = v;
  const keys = history.spines.length;
  for (let key = 0; key < keys; key++) {
    let before = NOBODY;
    for (let version = start[key] as number, end = start[key + 1] as number; version < end; version++) {
      const txn = writer[version] as number;
      if (txn === NOBODY) continue;
      if (before !== NOBODY && before !== txn) sink.add(before, txn, EDGE.ww);
      before = txn;
    }
    const hidden = unread.get(key);
    for (const txn of hidden?.writers ?? []) {
      if (before !== NOBODY && before !== txn) sink.add(before, txn, EDGE.ww);
      for (const reader of hidden?.readers ?? []) if (reader !== txn) sink.add(reader, txn, EDGE.rw);
    }
  }
  const opKey = history.opKey.data;
  const opValue = history.opValue.data;
  const status = history.status.data;
  const opStart = history.opStart.data;
  for (let txn = 0; txn < history.transactions; txn++) {
    if (status[txn] !== STATUS.ok) continue;
    for (let op = opStart[txn] as number, end = opStart[txn + 1] as number; op < end; op++) {
      const key = opKey[op] as number;
      const length = opValue[op] as number;
      if (key < 0 || length < 0) continue;
      const from = start[key] as number;
      let last = from + length - 1;
      while (last >= from && writer[last] === NOBODY) last--;
      // Where the last element is its own, what came before it is in the order of the writes.
      if (last >= from && writer[last] !== txn) sink.add(writer[last] as number, txn, EDGE.wr);
      let following = from + length;
      const to = start[key + 1] as number;
      while (following < to && writer[following] === NOBODY) following++;
      if (following < to && writer[following] !== txn) sink.add(txn, writer[following] as number, EDGE.rw);
    }
  }
}

function successors(history: History): Int32Array {
  const n = history.transactions;
  const next = new Int32Array(n).fill(-1);
  const last = new Int32Array(history.processes).fill(-1);
  for (let txn = 0; txn < n; txn++) {
    if (history.status.get(txn) === STATUS.fail) continue;
    const process = history.process.get(txn);
    if ((last[process] as number) >= 0) next[last[process] as number] = txn;
    last[process] = txn;
  }
  return next;
}

function barriers(history: History): Pick<Graph, "barrier" | "barrierFrom"> {
  const n = history.transactions;
  const completes = new Int32Array(history.events + 1).fill(-1);
  for (let txn = 0; txn < n; txn++) if (history.status.get(txn) === STATUS.ok) completes[history.completedAt.get(txn)] = txn;
  const barrier = new Int32Array(n).fill(-1);
  const from = new Ints();
  let at = 1;
  for (let txn = 0; txn < n; txn++) {
    let completed = false;
    for (const end = history.invokedAt.get(txn); at < end; at++) {
      const done = completes[at] as number;
      if (done < 0) continue;
      barrier[done] = from.length;
      completed = true;
    }
    if (completed) from.push(txn);
  }
  from.push(n);
  return { barrier, barrierFrom: from.data.slice(0, from.length) };
}
