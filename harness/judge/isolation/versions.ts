// Version orders: which transaction wrote which element of which list, and what is wrong with that.

import { HarnessError } from "../../base/errors.ts";
import type { Anomalies } from "./anomalies.ts";
import { type History, type OddRead, STATUS } from "./history.ts";

/*
 * Lists only grow, and each element is appended once. So the longest list that was read of a key
 * is the order of its versions, and every element names its writer (Elle, section 3).
 */

const FLAG = { intermediate: 1, aborted: 2, garbage: 4, duplicate: 8 } as const;
export const NOBODY = -1;

export type Versions = {
  /** The elements of key k are [start[k], start[k + 1]) in the columns below. */
  readonly start: Int32Array;
  /** The transaction that appended the element, NOBODY if it aborted, is unknown or was counted before. */
  readonly writer: Int32Array;
  readonly flags: Uint8Array;
  /** Of an append, by operation: its place in the key's list; -1 if no read shows it. */
  readonly place: Int32Array;
  /** First place of a key whose element should not be there; reads that are longer show it. */
  readonly firstBad: Int32Array;
  /** Appends of a key, by operation: [appendStart[k], appendStart[k + 1]). */
  readonly appendStart: Int32Array;
  readonly appendOps: Int32Array;
  readonly appendTxns: Int32Array;
};

/** Finds the writer of every element. Reports duplicate and garbage elements, aborted ones and updates atop of them. */
export function resolveVersions(history: History, anomalies: Anomalies): Versions {
  const keys = history.spines.length;
  const start = new Int32Array(keys + 1);
  for (let key = 0; key < keys; key++) start[key + 1] = (start[key] as number) + (history.spines[key] as number[]).length;
  const total = start[keys] as number;
  const versions: Versions = {
    start, writer: new Int32Array(total).fill(NOBODY), flags: new Uint8Array(total),
    place: new Int32Array(history.opKey.length).fill(-1), firstBad: new Int32Array(keys).fill(0x7fffffff), ...appendsByKey(history, keys),
  };
  const odds = new Map<number, OddRead[]>();
  for (const odd of history.odds) odds.set(odd.key, [...(odds.get(odd.key) ?? []), odd]);
  const table = new ElementTable();
  for (let key = 0; key < keys; key++) resolveKey(history, versions, key, table, odds.get(key), anomalies);
  return versions;
}

function appendsByKey(history: History, keys: number): Pick<Versions, "appendStart" | "appendOps" | "appendTxns"> {
  const appendStart = new Int32Array(keys + 1);
  const opKey = history.opKey.data;
  const operations = history.opKey.length;
  for (let op = 0; op < operations; op++) if ((opKey[op] as number) < 0) (appendStart[~(opKey[op] as number) + 1] as number)++;
  for (let key = 0; key < keys; key++) (appendStart[key + 1] as number) += appendStart[key] as number;
  const next = appendStart.slice();
  const appendOps = new Int32Array(appendStart[keys] as number);
  const appendTxns = new Int32Array(appendStart[keys] as number);
  for (let txn = 0, op = 0; txn < history.transactions; txn++) {
    for (const end = history.opStart.get(txn + 1); op < end; op++) {
      if ((opKey[op] as number) >= 0) continue;
      const at = (next[~(opKey[op] as number)] as number)++;
      appendOps[at] = op;
      appendTxns[at] = txn;
    }
  }
  return { appendStart, appendOps, appendTxns };
}

function resolveKey(history: History, v: Versions, key: number, table: ElementTable, odds: readonly OddRead[] | undefined, anomalies: Anomalies): void {
  const [from, to] = [v.appendStart[key] as number, v.appendStart[key + 1] as number];
  const values = history.opValue.data;
  const name = history.keyNames[key];
  table.reset(to - from);
  for (let at = from; at < to; at++) {
    const before = table.put(values[v.appendOps[at] as number] as number, at);
    if (before >= 0) twice(history, key, v.appendTxns[before] as number, v.appendTxns[at] as number, values[v.appendOps[at] as number] as number);
  }
  const spine = history.spines[key] as number[];
  const base = v.start[key] as number;
  let aborted = NOBODY;
  for (let place = 0; place < spine.length; place++) {
    const at = table.get(spine[place] as number);
    const version = base + place;
    let flag = 0;
    if (at < 0) {
      flag = FLAG.garbage;
      anomalies.add("garbage-read", [], () => `${history.elementName(spine[place] as number)} in ${name} was appended by nobody`);
    } else {
      const op = v.appendOps[at] as number;
      const txn = v.appendTxns[at] as number;
      const again = v.place[op] as number;
      if (again >= 0) {
        flag = FLAG.duplicate;
        anomalies.add("duplicate-elements", [txn], () => `${name} holds ${history.elementName(spine[place] as number)} twice, at ${again} and ${place}`);
      } else if (history.status.get(txn) === STATUS.fail) {
        flag = FLAG.aborted;
        aborted = txn;
        v.place[op] = place;
      } else {
        v.place[op] = place;
        v.writer[version] = txn;
        if (isIntermediate(history, txn, op)) flag = FLAG.intermediate;
        const under = aborted;
        if (under !== NOBODY && history.status.get(txn) === STATUS.ok) {
          anomalies.add("dirty-update", [under, txn], () => `${history.elementName(spine[place] as number)} was appended to ${name} atop of an element that was rolled back`);
          aborted = NOBODY;
        }
      }
    }
    v.flags[version] = flag;
    if (flag > FLAG.intermediate && place < (v.firstBad[key] as number)) v.firstBad[key] = place;
  }
  for (const odd of odds ?? []) judgeOdd(history, v, odd, table, anomalies);
}

function twice(history: History, key: number, first: number, second: number, value: number): never {
  const message = `line ${history.invokedAt.get(second)} appends ${history.elementName(value)} to ${history.keyNames[key]}, which line ${history.invokedAt.get(first)} does already: who wrote it can't be told`;
  throw new HarnessError({ code: "malformed-history", kind: "declaration", message, remedy: "append each element to a key at most once in a history" });
}

/** Whether the transaction appends to the same key again later. */
function isIntermediate(history: History, txn: number, op: number): boolean {
  const key = history.opKey.get(op);
  for (let later = op + 1, end = history.opStart.get(txn + 1); later < end; later++) if (history.opKey.get(later) === key) return true;
  return false;
}

/** A read outside the key's order: the contradiction itself, and what else is wrong with what it saw. */
function judgeOdd(history: History, v: Versions, odd: OddRead, table: ElementTable, anomalies: Anomalies): void {
  const name = history.keyNames[odd.key];
  const spine = history.spines[odd.key] as number[];
  const differs = odd.elements.findIndex((element, place) => element !== spine[place]);
  anomalies.add("incompatible-order", [odd.txn], () => `${name} was read with ${show(history, odd.elements, differs)} at ${differs}, where other reads saw ${show(history, spine, differs)}`);
  const seen = new Set<number>();
  for (const element of odd.elements) {
    const at = table.get(element);
    const writer = at < 0 ? NOBODY : (v.appendTxns[at] as number);
    if (seen.has(element)) anomalies.add("duplicate-elements", [odd.txn], () => `${name} was read with ${history.elementName(element)} twice`);
    else if (at < 0) anomalies.add("garbage-read", [odd.txn], () => `${name} was read with ${history.elementName(element)}, which nobody appended`);
    else if (history.status.get(writer) === STATUS.fail) anomalies.add("G1a", [writer, odd.txn], () => `${name} was read with ${history.elementName(element)}, which was rolled back`);
    seen.add(element);
  }
  const last = table.get(odd.elements.at(-1) ?? NaN);
  if (last >= 0 && v.appendTxns[last] !== odd.txn && isIntermediate(history, v.appendTxns[last] as number, v.appendOps[last] as number)) {
    anomalies.add("G1b", [v.appendTxns[last] as number, odd.txn], () => `${name} was read up to ${history.elementName(odd.elements.at(-1) as number)}, in the middle of a transaction`);
  }
}

function show(history: History, list: readonly number[], place: number): string {
  return place < list.length ? String(history.elementName(list[place] as number)) : "nothing";
}

export function isAborted(v: Versions, version: number): boolean {
  return ((v.flags[version] as number) & FLAG.aborted) !== 0;
}

export function isIntermediateVersion(v: Versions, version: number): boolean {
  return ((v.flags[version] as number) & FLAG.intermediate) !== 0;
}

/** From an element to a number; open addressing, used again for each key. */
class ElementTable {
  #keys = new Float64Array(64);
  #values = new Int32Array(64);
  #stamps = new Int32Array(64);
  #stamp = 0;
  #mask = 63;

  reset(size: number): void {
    let capacity = 16;
    while (capacity < size * 2) capacity *= 2;
    if (capacity > this.#keys.length) {
      this.#keys = new Float64Array(capacity);
      this.#values = new Int32Array(capacity);
      this.#stamps = new Int32Array(capacity);
      this.#stamp = 0;
    }
    this.#mask = capacity - 1;
    this.#stamp++;
  }

  /** Enters the element; returns the value that was there before, or -1. */
  put(element: number, value: number): number {
    const slot = this.#slot(element);
    if (this.#stamps[slot] === this.#stamp) return this.#values[slot] as number;
    this.#stamps[slot] = this.#stamp;
    this.#keys[slot] = element;
    this.#values[slot] = value;
    return -1;
  }

  get(element: number): number {
    const slot = this.#slot(element);
    return this.#stamps[slot] === this.#stamp ? (this.#values[slot] as number) : -1;
  }

  #slot(element: number): number {
    const whole = Math.floor(element);
    let slot = Math.imul((whole | 0) ^ Math.floor(whole / 4294967296), 0x9e3779b1);
    slot = (slot ^ (slot >>> 15) ^ (element === whole ? 0 : 0x55)) & this.#mask;
    while (this.#stamps[slot] === this.#stamp && this.#keys[slot] !== element) slot = (slot + 1) & this.#mask;
    return slot;
  }
}
