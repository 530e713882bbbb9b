// Bytes of JSON, looked at one by one: what a reader of large files needs and no more.

import { HistoryFault } from "./history.ts";

const [NEWLINE, RETURN, TAB, SPACE, QUOTE, COMMA, MINUS, ZERO, NINE, OPEN, BACKSLASH, CLOSE, BRACE, END] =
  [10, 13, 9, 32, 34, 44, 45, 48, 57, 91, 92, 93, 123, 125] as const;
const LETTER = { l: 108, n: 110, u: 117 } as const;

/** The bytes of a string with its quotes, for `is`. */
export const word = (text: string): Uint8Array => new TextEncoder().encode(`"${text}"`);

/** A place in a buffer, and the steps that can be taken from there. Every line in it ends with a newline. */
export class Scanner {
  protected buffer: Uint8Array = new Uint8Array(0);
  protected at = 0;

  /** Whether the word stands here, quotes included; if so, it is passed. */
  protected is(word: Uint8Array): boolean {
    const at = this.at;
    for (let i = 0; i < word.length; i++) if (this.buffer[at + i] !== word[i]) return false;
    this.at = at + word.length;
    return true;
  }

  protected integer(what: string): number {
    const buffer = this.buffer;
    let at = this.at;
    const negative = buffer[at] === MINUS;
    if (negative) at++;
    const from = at;
    let value = 0;
    let byte = buffer[at] as number;
    while (byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      byte = buffer[++at] as number;
    }
    if (at === from || at - from > 15 || byte === 46 || (byte | 32) === 101) this.wrong(`${what} must be an integer below 10^15${what === "index" || what === "process" ? "" : " or a string"}`);
    this.at = at;
    return negative ? -value : value;
  }

  protected string(): string {
    const buffer = this.buffer;
    const from = this.at;
    let at = from + 1;
    while (buffer[at] !== QUOTE) {
      if (buffer[at] === BACKSLASH) at++; // what it escapes may be the line's end
      if (buffer[at] === NEWLINE) this.wrong("a string is cut off");
      at++;
    }
    this.at = at + 1;
    try {
      return JSON.parse(Buffer.from(buffer.buffer, buffer.byteOffset + from, at + 1 - from).toString()) as string;
    } catch {
      return this.wrong("a string is malformed");
    }
  }

  /** Any JSON value, which is checked and not kept. */
  protected skipValue(): void {
    const buffer = this.buffer;
    const from = this.at;
    let at = from;
    const first = buffer[at] as number;
    if (first === QUOTE) return void this.string();
    if (first === LETTER.n && buffer[at + 1] === LETTER.u && buffer[at + 2] === LETTER.l && buffer[at + 3] === LETTER.l) {
      this.at = at + 4;
      return;
    }
    if (first >= ZERO && first <= NINE) {
      do at++; while ((buffer[at] as number) >= ZERO && (buffer[at] as number) <= NINE);
      if (buffer[at] !== 46 && ((buffer[at] as number) | 32) !== 101) {
        this.at = at;
        return;
      }
    }
    for (let depth = 0; ; at++) {
      const byte = buffer[at] as number;
      if (byte === NEWLINE) this.wrong("a value is cut off");
      if (byte === QUOTE) {
        this.at = at;
        this.string();
        at = this.at - 1;
      } else if (byte === OPEN || byte === BRACE) depth++;
      else if (byte === CLOSE || byte === END || byte === COMMA) {
        if (depth === 0) break;
        if (byte !== COMMA) depth--;
      }
    }
    this.at = from;
    try {
      JSON.parse(Buffer.from(buffer.buffer, buffer.byteOffset + from, at - from).toString());
    } catch {
      this.wrong("a value is malformed");
    }
    this.at = at;
  }

  protected comma(): void {
    if (this.skipSpace() !== COMMA) this.wrong("expected a comma");
    this.at++;
    this.skipSpace();
  }

  protected expect(byte: number, what: string): void {
    if (this.buffer[this.at] !== byte) this.wrong(`expected ${what}`);
    this.at++;
  }

  /** Passes white space and returns the byte after it, which is not passed. */
  protected skipSpace(): number {
    const byte = this.buffer[this.at] as number;
    return byte > SPACE ? byte : this.#skipSeveral();
  }

  #skipSeveral(): number {
    let byte = this.buffer[this.at] as number;
    while (byte === SPACE || byte === TAB || byte === RETURN) byte = this.buffer[++this.at] as number;
    return byte;
  }

  protected wrong(what: string, back = 0): never {
    const from = this.at + back;
    let end = from;
    while (end < from + 24 && this.buffer[end] !== NEWLINE && end < this.buffer.length) end++;
    const seen = Buffer.from(this.buffer.subarray(from, end)).toString();
    throw new HistoryFault(`${what}, and saw ${seen === "" ? "the end of the line" : JSON.stringify(seen)}`);
  }
}
