// A history of list-append transactions in flat columns, and the rules by which it is built.

import { Ints, Numbers } from "./growable.ts";

export const STATUS = { open: 0, ok: 1, fail: 2, info: 3 } as const;
export const NAMES = ["open", "ok", "fail", "info"] as const;

/** A read that is no prefix of the list that other reads of its key have shown. */
export type OddRead = { readonly txn: number; readonly op: number; readonly key: number; readonly elements: readonly number[] };

/** What is wrong with an event; the caller knows its line. */
export class HistoryFault extends Error {}

const IDLE = -1;
const RETIRED = -2;

/**
 * Transactions in the order of their invocation. Transaction t has the operations
 * [opStart[t], opStart[t + 1]): `opKey` is the key's number, complemented (~key) for an append;
 * `opValue` is the appended element or, for a read, the length of the list that it returned
 * (-1 unknown, -2 - n for odds[n]). A read is that long a prefix of the key's spine, which is the longest
 * list seen: so a million reads of long lists cost one number each, and are compared as they arrive.
 * Elements and keys that are strings are numbered; such an element is n + 0.5, which no integer is.
 */
export class History {
  readonly process = new Ints();
  readonly invokedAt = new Ints();
  readonly completedAt = new Ints();
  readonly invokeIndex = new Ints();
  readonly completeIndex = new Ints();
  readonly status = new Ints();
  readonly opStart = new Ints();
  readonly opKey = new Ints(4096);
  readonly opValue = new Numbers();
  readonly spines: number[][] = [];
  readonly keyNames: (number | string)[] = [];
  readonly odds: OddRead[] = [];
  /** Position of the last event, so that every event has one from 1 to this. */
  events = 0;

  readonly #denseKeys = new Ints();
  readonly #otherKeys = new Map<number | string, number>();
  readonly #strings: string[] = [];
  readonly #stringIds = new Map<string, number>();
  readonly #processNumbers = new Ints();
  readonly #otherProcesses = new Map<number, number>();
  readonly #processNames = new Numbers();
  /** By process number: its open transaction, IDLE or RETIRED. */
  readonly #current = new Ints();

  constructor() {
    this.opStart.push(0);
  }

  get processes(): number {
    return this.#current.length;
  }

  /** A process as the history names it. */
  processName(number: number): number {
    return this.#processNames.data[number] as number;
  }

  get transactions(): number {
    return this.status.length;
  }

  /** The number of a key, given its name. */
  key(name: number | string): number {
    if (typeof name === "number" && name >= 0 && name < 1 << 24) {
      if (name >= this.#denseKeys.length) this.#denseKeys.fillTo(name + 1, -1);
      const known = this.#denseKeys.get(name);
      if (known >= 0) return known;
      this.#denseKeys.set(name, this.keyNames.length);
    } else {
      const known = this.#otherKeys.get(name);
      if (known !== undefined) return known;
      this.#otherKeys.set(name, this.keyNames.length);
    }
    this.spines.push([]);
    return this.keyNames.push(name) - 1;
  }

  /** The number that stands for a string element. */
  element(text: string): number {
    const known = this.#stringIds.get(text);
    if (known !== undefined) return known + 0.5;
    this.#stringIds.set(text, this.#strings.length);
    return this.#strings.push(text) - 0.5;
  }

  /** The element as it was written in the history. */
  elementName(value: number): number | string {
    return Number.isInteger(value) ? value : (this.#strings[value - 0.5] as string);
  }

  /** Opens a transaction; its operations are then given with `append` and `read`. */
  invoke(process: number, at: number, index: number): number {
    const number = this.#number(process);
    const current = this.#current.get(number);
    if (current === RETIRED) throw new HistoryFault(`process ${process} comes back after an info: it must not, for nobody knows whether its transaction has ended`);
    if (current !== IDLE) throw new HistoryFault(`process ${process} invokes a transaction while its last one, of line ${this.invokedAt.get(current)}, is still open`);
    const txn = this.transactions;
    this.#current.set(number, txn);
    this.process.push(number);
    this.invokedAt.push(at);
    this.completedAt.push(0);
    this.invokeIndex.push(index);
    this.completeIndex.push(-1);
    this.status.push(STATUS.open);
    this.opStart.push(this.opKey.length);
    this.events = at;
    return txn;
  }

  append(key: number, value: number): void {
    this.opKey.push(~key);
    this.opValue.push(value);
    this.opStart.data[this.opStart.length - 1] = this.opKey.length;
  }

  read(key: number): void {
    this.opKey.push(key);
    this.opValue.push(-1);
    this.opStart.data[this.opStart.length - 1] = this.opKey.length;
  }

  /** Ends a process's open transaction and returns it. */
  complete(process: number, status: 1 | 2 | 3, at: number, index: number): number {
    const number = this.#number(process);
    const txn = this.#current.get(number);
    if (txn < 0) throw new HistoryFault(`process ${process} completes a transaction that it has not invoked`);
    this.#current.set(number, status === STATUS.info ? RETIRED : IDLE);
    this.completedAt.set(txn, at);
    this.completeIndex.set(txn, index);
    this.status.set(txn, status);
    this.events = at;
    return txn;
  }

  /** What a read of a committed transaction returned. */
  returned(txn: number, op: number, list: readonly number[]): void {
    const key = this.opKey.get(op);
    const spine = this.spines[key] as number[];
    let at = 0;
    while (at < list.length && at < spine.length && spine[at] === list[at]) at++;
    if (at === list.length) this.opValue.data[op] = at;
    else if (at === spine.length) {
      for (; at < list.length; at++) spine.push(list[at] as number);
      this.opValue.data[op] = at;
    } else this.odd(txn, op, key, list);
  }

  odd(txn: number, op: number, key: number, elements: readonly number[]): void {
    this.opValue.data[op] = -1 - this.odds.push({ txn, op, key, elements });
  }

  /** The list that a read returned; empty when it is not known. */
  list(op: number): readonly number[] {
    const length = this.opValue.data[op] as number;
    if (length >= 0) return (this.spines[this.opKey.get(op)] as number[]).slice(0, length);
    return length === -1 ? [] : (this.odds[-2 - length] as OddRead).elements;
  }

  /** The number of a process, given its name. */
  #number(name: number): number {
    const dense = name >= 0 && name < 1 << 20;
    if (dense && name >= this.#processNumbers.length) this.#processNumbers.fillTo(name + 1, -1);
    const known = dense ? this.#processNumbers.get(name) : (this.#otherProcesses.get(name) ?? -1);
    if (known >= 0) return known;
    const number = this.#current.length;
    if (dense) this.#processNumbers.set(name, number);
    else this.#otherProcesses.set(name, number);
    this.#processNames.push(name);
    this.#current.push(IDLE);
    return number;
  }
}
