// Reads a history from a file, one JSON object a line, straight from bytes into columns.

import { closeSync, openSync, readSync } from "node:fs";
import { HarnessError, messageOf } from "../../base/errors.ts";
import { History, HistoryFault, STATUS } from "./history.ts";
import { Scanner, word } from "./scanner.ts";

/*
 * A generic parser makes an object of every line, and a million transactions are two million lines
 * with long lists in them: the time and the memory of a check would be the parser's. This one
 * knows the seven shapes that a line is made of, accepts them in any order and with white
 * space, and compares a list with what is known of its key while it reads the digits.
 */

// Not imported: constants of the same module are folded into the code, which is a tenth of the time.
const [NEWLINE, SPACE, QUOTE, COMMA, MINUS, ZERO, NINE, COLON, OPEN, CLOSE, BRACE, END] = [10, 32, 34, 44, 45, 48, 57, 58, 91, 93, 123, 125] as const;
const LETTER = { a: 97, e: 101, i: 105, n: 110, p: 112, r: 114, s: 115, t: 116, v: 118, x: 120, y: 121 } as const;
const CHUNK = 1 << 22;
const WORD = { append: word("append"), invoke: word("invoke"), ok: word("ok"), fail: word("fail"), info: word("info") } as const;
const TYPE = { invoke: 0, ...STATUS } as const;

/**
 * Reads the history in `file`.
 * @throws HarnessError `malformed-history` (exit code 3) with the line, if it is not one
 */
export function readHistory(file: string): History {
  const reader = new Reader();
  const descriptor = open(file);
  try {
    let buffer = new Uint8Array(CHUNK);
    let kept = 0;
    for (;;) {
      const bytes = readSync(descriptor, buffer, kept, buffer.length - kept - 1, null);
      let end = kept + bytes;
      if (bytes === 0 && end > 0) buffer[end++] = NEWLINE; // the last line may lack one
      const used = reader.lines(buffer, end);
      if (bytes === 0) return reader.history;
      kept = end - used;
      if (kept > buffer.length / 2) {
        const larger = new Uint8Array(buffer.length * 2);
        larger.set(buffer.subarray(used, end));
        buffer = larger;
      } else buffer.copyWithin(0, used, end);
    }
  } catch (error) {
    if (!(error instanceof HistoryFault)) throw error;
    throw new HarnessError({
      code: "malformed-history", kind: "declaration", message: `line ${reader.line} is no event of a history: ${error.message}`, place: `${file}:${reader.line}`,
      remedy: `write one object a line: {"index":0,"process":3,"type":"invoke|ok|fail|info","time":0,"value":[["append",k,v],["r",k,null]]}`,
    });
  } finally {
    closeSync(descriptor);
  }
}

function open(file: string): number {
  try {
    return openSync(file, "r");
  } catch (error) {
    throw new HarnessError({ code: "no-such-history", kind: "declaration", message: `the history can't be read: ${messageOf(error)}`, place: file, cause: error });
  }
}

class Reader extends Scanner {
  readonly history = new History();
  line = 0;
  #lastIndex = -1;

  /** Takes all whole lines of buffer[0, end) and returns how many bytes they are. */
  lines(buffer: Uint8Array, end: number): number {
    this.buffer = buffer;
    if (end === 0) return 0;
    const last = buffer.lastIndexOf(NEWLINE, end - 1);
    let at = 0;
    while (at <= last) {
      this.line++;
      this.at = at;
      this.#event();
      at = this.at + 1;
    }
    return at;
  }

  #event(): void {
    if (this.skipSpace() === NEWLINE) return;
    this.expect(BRACE, "an object");
    let index = -1;
    let process = NaN;
    let type = -1;
    let valueAt = -1;
    let done = false;
    let ignored = false;
    if (this.skipSpace() !== END) for (;;) {
      const field = this.#field();
      this.skipSpace();
      if (field === "index") index = this.integer("index");
      else if (field === "process") {
        if (this.buffer[this.at] === QUOTE) ignored = this.#nemesis();
        else process = this.integer("process");
      } else if (field === "type") type = this.#type();
      else if (field === "value" && !ignored) {
        valueAt = this.at;
        if (type >= 0 && process === process && !done) {
          this.#apply(type, process, index);
          done = true;
        } else this.skipValue();
      } else if (field === "time") {
        const byte = this.buffer[this.at] as number;
        if (byte !== MINUS && (byte < ZERO || byte > NINE)) this.wrong("time is no number");
        this.skipValue();
      } else this.skipValue();
      const next = this.skipSpace();
      this.at++;
      if (next === END) break;
      if (next !== COMMA) this.wrong("expected a comma or the end of the object", -1);
      this.skipSpace();
    } else this.at++;
    const end = this.at;
    if (!ignored && !done) {
      if (process !== process) throw new HistoryFault("it has no process");
      if (type < 0) throw new HistoryFault("it has no type");
      if (valueAt < 0 && (type === TYPE.invoke || type === TYPE.ok)) throw new HistoryFault("it has no value");
      this.at = valueAt;
      this.#apply(type, process, index);
      this.at = end;
    }
    if (index >= 0) {
      if (index <= this.#lastIndex) throw new HistoryFault(`its index ${index} does not follow ${this.#lastIndex}: lines stand in the order of the events`);
      this.#lastIndex = index;
    }
    if (this.skipSpace() !== NEWLINE) this.wrong("something follows the object");
  }

  #apply(type: number, process: number, index: number): void {
    const number = index < 0 ? this.line - 1 : index;
    if (type === TYPE.invoke) {
      this.history.invoke(process, this.line, number);
      this.#operations(-1);
    } else {
      const txn = this.history.complete(process, type as 1 | 2 | 3, this.line, number);
      if (type === TYPE.ok) this.#operations(txn);
      else if (this.at >= 0) this.skipValue();
    }
  }

  /** The operations of an invocation (txn -1), or those of a completion, which must be the same ones. */
  #operations(txn: number): void {
    const { history } = this;
    let op = txn < 0 ? 0 : history.opStart.get(txn);
    const end = txn < 0 ? 0 : history.opStart.get(txn + 1);
    this.expect(OPEN, "a list of operations");
    if (this.skipSpace() === CLOSE) this.at++;
    else for (;;) {
      this.expect(OPEN, `["append", key, element] or ["r", key, list]`);
      this.skipSpace();
      const append = this.#operationKind();
      this.comma();
      const key = history.key(this.#scalar("a key"));
      this.comma();
      if (txn < 0) {
        if (append) history.append(key, this.#element());
        else {
          history.read(key);
          this.skipValue();
        }
      } else {
        if (op >= end || history.opKey.get(op) !== (append ? ~key : key)) this.wrong("its operations are not those of its invocation");
        if (!append) this.#list(txn, op, key);
        else if (this.#element() !== history.opValue.data[op]) this.wrong("it appended another element than its invocation says");
        op++;
      }
      this.skipSpace();
      this.expect(CLOSE, "the end of an operation");
      const next = this.skipSpace();
      this.at++;
      if (next === CLOSE) break;
      if (next !== COMMA) this.wrong("expected a comma or the end of the operations", -1);
      this.skipSpace();
    }
    if (op !== end) this.wrong("its operations are fewer than those of its invocation");
  }

  /** A list that was read, compared on the way with the longest one known of its key. */
  #list(txn: number, op: number, key: number): void {
    const { history } = this;
    const buffer = this.buffer;
    let at = this.at;
    if (buffer[at] === LETTER.n) { // null: there was no such record
      this.skipValue();
      history.opValue.data[op] = 0;
      return;
    }
    if (buffer[at] !== OPEN) this.wrong("a read of a committed transaction returned no list");
    const spine = history.spines[key] as number[];
    let odd: number[] | undefined;
    let length = 0;
    let byte = buffer[++at] as number;
    while (byte === SPACE) byte = buffer[++at] as number;
    if (byte !== CLOSE) for (;;) {
      let value = 0;
      if (byte >= ZERO && byte <= NINE) {
        const from = at;
        do {
          value = value * 10 + (byte - ZERO);
          byte = buffer[++at] as number;
        } while (byte >= ZERO && byte <= NINE);
        if (at - from > 15 || byte === 46 || (byte | 32) === 101) this.wrong("an element is an integer below 10^15 or a string");
      } else {
        this.at = at;
        value = this.#element();
        at = this.at;
        byte = buffer[at] as number;
      }
      if (odd !== undefined) odd.push(value);
      else if (length === spine.length) spine.push(value);
      else if (spine[length] !== value) {
        odd = spine.slice(0, length);
        odd.push(value);
      }
      length++;
      while (byte === SPACE) byte = buffer[++at] as number;
      if (byte === CLOSE) break;
      if (byte !== COMMA) {
        this.at = at;
        this.wrong("expected a comma or the end of the list");
      }
      byte = buffer[++at] as number;
      while (byte === SPACE) byte = buffer[++at] as number;
    }
    this.at = at + 1;
    if (odd === undefined) history.opValue.data[op] = length;
    else history.odd(txn, op, key, odd);
  }

  #operationKind(): boolean {
    const buffer = this.buffer;
    const at = this.at;
    if (buffer[at] === QUOTE && buffer[at + 1] === LETTER.r && buffer[at + 2] === QUOTE) {
      this.at = at + 3;
      return false;
    }
    if (this.is(WORD.append)) return true;
    return this.wrong(`an operation is "append" or "r"`);
  }

  /** Passes a field's name and colon. The five known ones are told by their length and four of their letters. */
  #field(): "index" | "process" | "type" | "time" | "value" | "other" {
    const { buffer, at } = this;
    if (buffer[at] !== QUOTE) this.wrong("expected the name of a field");
    const [first, second] = [buffer[at + 1], buffer[at + 2]];
    if (buffer[at + 6] === QUOTE) {
      if (first === LETTER.i && second === LETTER.n && buffer[at + 5] === LETTER.x) return this.#named(at + 7, "index");
      if (first === LETTER.v && second === LETTER.a && buffer[at + 5] === LETTER.e) return this.#named(at + 7, "value");
    }
    if (buffer[at + 5] === QUOTE && first === LETTER.t && buffer[at + 4] === LETTER.e) {
      if (second === LETTER.y) return this.#named(at + 6, "type");
      if (second === LETTER.i) return this.#named(at + 6, "time");
    }
    if (buffer[at + 8] === QUOTE && first === LETTER.p && second === LETTER.r && buffer[at + 7] === LETTER.s) return this.#named(at + 9, "process");
    this.string();
    return this.#named(this.at, "other");
  }

  #named<Name>(at: number, name: Name): Name {
    this.at = at;
    if (this.buffer[at] === COLON) this.at++;
    else {
      this.skipSpace();
      this.expect(COLON, "a colon");
    }
    return name;
  }

  #type(): number {
    if (this.is(WORD.ok)) return TYPE.ok;
    if (this.is(WORD.invoke)) return TYPE.invoke;
    if (this.is(WORD.info)) return TYPE.info;
    return this.is(WORD.fail) ? TYPE.fail : this.wrong("type is invoke, ok, fail or info");
  }

  /** What the nemesis does is no transaction. */
  #nemesis(): true {
    const name = this.string();
    return name === "nemesis" || name === ":nemesis" || this.wrong(`process is an integer, and not ${JSON.stringify(name)}`);
  }

  #element(): number {
    const value = this.#scalar("an element");
    return typeof value === "string" ? this.history.element(value) : value;
  }

  #scalar(what: string): number | string {
    this.skipSpace();
    return this.buffer[this.at] === QUOTE ? this.string() : this.integer(what);
  }
}
