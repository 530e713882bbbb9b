// What each transaction saw by itself: aborted and intermediate reads, its own writes, lost updates.

import type { Anomalies } from "./anomalies.ts";
import { type History, STATUS } from "./history.ts";
import { isAborted, isIntermediateVersion, type Versions } from "./versions.ts";

/**
 * Looks at every read of every committed transaction, alone.
 *
 * - G1a: it shows an element of a transaction that was rolled back.
 * - G1b: it ends in the middle of another transaction's appends to the key.
 * - future-read: it shows an element that the same transaction appends only later.
 * - internal: it contradicts what the transaction itself has read of the key, or appended to it, before.
 * - lost-update: two committed transactions read the same version of a key, and both then appended to it.
 */
export function examineReads(history: History, v: Versions, anomalies: Anomalies): void {
  const opKey = history.opKey.data;
  const opValue = history.opValue.data;
  const firstToUpdate = new Int32Array(v.writer.length + history.spines.length).fill(-1);
  for (let txn = 0; txn < history.transactions; txn++) {
    if (history.status.get(txn) !== STATUS.ok) continue;
    const from = history.opStart.get(txn);
    const to = history.opStart.get(txn + 1);
    for (let op = from; op < to; op++) {
      const key = opKey[op] as number;
      const length = opValue[op] as number;
      if (key >= 0 && length > 0) {
        if (length > (v.firstBad[key] as number)) aborted(history, v, txn, key, length, anomalies);
        const last = (v.start[key] as number) + length - 1;
        const writer = v.writer[last] as number;
        if (writer !== txn && isIntermediateVersion(v, last)) {
          anomalies.add("G1b", [writer, txn], () => `${history.keyNames[key]} was read in the middle of a transaction that went on to append to it`);
        }
      }
      for (let other = op + 1; other < to; other++) {
        const later = opKey[other] as number;
        if (later !== key && later !== ~key) continue;
        if (later >= 0) readAgain(history, v, txn, other, anomalies);
        else if (key >= 0) thenAppend(history, v, txn, op, other, firstToUpdate, anomalies);
        break;
      }
    }
  }
}

function aborted(history: History, v: Versions, txn: number, key: number, length: number, anomalies: Anomalies): void {
  const base = v.start[key] as number;
  for (let place = v.firstBad[key] as number; place < length; place++) {
    if (!isAborted(v, base + place)) continue;
    const element = (history.spines[key] as number[])[place] as number;
    anomalies.add("G1a", [writerOf(history, v, key, place), txn], () => `${history.keyNames[key]} was read with ${history.elementName(element)}, which was rolled back`);
    return;
  }
}

/** Of an aborted element, which has no writer in the order of versions. */
function writerOf(history: History, v: Versions, key: number, place: number): number {
  for (let at = v.appendStart[key] as number; at < (v.appendStart[key + 1] as number); at++) {
    if (v.place[v.appendOps[at] as number] === place) return v.appendTxns[at] as number;
  }
  throw new Error(`element ${place} of ${history.keyNames[key]} has no writer`);
}

/** A read, and the transaction's next operation on that key, which is an append. */
function thenAppend(history: History, v: Versions, txn: number, op: number, append: number, firstToUpdate: Int32Array, anomalies: Anomalies): void {
  const key = history.opKey.get(op);
  const name = history.keyNames[key];
  const length = history.opValue.data[op] as number;
  for (let later = append, to = history.opStart.get(txn + 1); later < to; later++) {
    if (history.opKey.get(later) !== ~key) continue;
    const place = v.place[later] as number;
    if (length >= 0 ? place >= 0 && place < length : history.list(op).includes(history.opValue.data[later] as number)) {
      anomalies.add("future-read", [txn], () => `${name} was read with an element that the transaction appended only afterwards`);
    }
  }
  if (length < 0 || !isFirstOf(history, txn, op)) return;
  const version = (v.start[key] as number) + key + length;
  const other = firstToUpdate[version] as number;
  if (other < 0) firstToUpdate[version] = txn;
  else anomalies.add("lost-update", [other, txn], () => `both read ${name} with ${length} elements, and both appended to it`);
}

/** A read after other operations on its key: it shows what was there, and the transaction's own appends since; none else. */
function readAgain(history: History, v: Versions, txn: number, op: number, anomalies: Anomalies): void {
  const key = history.opKey.get(op);
  const from = history.opStart.get(txn);
  const length = history.opValue.data[op] as number;
  let appended = 0;
  let inOrder = true;
  let before = op - 1;
  for (; before >= from && history.opKey.get(before) !== key; before--) {
    if (history.opKey.get(before) !== ~key) continue;
    appended++;
    if (v.place[before] !== length - appended) inOrder = false;
  }
  const known = before < from ? -1 : (history.opValue.data[before] as number);
  const fits = length >= 0 && known >= -1
    ? inOrder && (known === -1 || length === known + appended)
    : oddFits(history, key, from, before, op);
  if (!fits) anomalies.add("internal", [txn], () => `a read of ${history.keyNames[key]} contradicts what the transaction itself had ${appended > 0 ? "appended" : "read"} before`);
}

/** The same question where a list is no prefix of its key's order: element by element. */
function oddFits(history: History, key: number, from: number, before: number, op: number): boolean {
  const own: number[] = [];
  for (let at = Math.max(from, before + 1); at < op; at++) if (history.opKey.get(at) === ~key) own.push(history.opValue.data[at] as number);
  const seen = history.list(op);
  const known = before < from ? seen.slice(0, Math.max(0, seen.length - own.length)) : history.list(before);
  return seen.length === known.length + own.length && [...known, ...own].every((element, i) => seen[i] === element);
}

function isFirstOf(history: History, txn: number, op: number): boolean {
  const key = history.opKey.get(op);
  for (let at = history.opStart.get(txn); at < op; at++) if (history.opKey.get(at) === key || history.opKey.get(at) === ~key) return false;
  return true;
}
