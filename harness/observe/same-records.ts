// What of a dump is byte for byte as it was before: found while it comes in, so that only the rest need be written, packed and compared.

const NEWLINE = 0x0a;
const QUOTE = 0x22;
/** So many records are looked ahead, on either side, for where both go on alike. */
const AHEAD = 32;
/** So many records wait for their like, which may come much later. */
const MOST_WAITING = 50_000;
/** So much is compared at a time. */
const CHUNK_BYTES = 256 * 1024;

/** Records as they stand in a CSV, line breaks included: those that were there and are not found again, and those that were not there. */
export type Differing = { readonly gone: readonly Buffer[]; readonly changed: readonly Buffer[] };

/**
 * Compares a CSV, as COPY writes it, with an earlier one of which each record is one line. Records that come in another order are found, too, unless
 * these are very many. What is not found again counts as gone there and as new here: that is as right, and is only more to write.
 *
 * Nothing is taken for the same but a whole record whose bytes are the same. A text with a line break in it goes over several lines, and one
 * of these may look like a record: so a line with an odd number of quotes is taken together with those that belong to it.
 */
export class SameRecords {
  readonly #old: Buffer;
  #at: number;
  /** What has come and is not yet compared; begins with a record. */
  #come: Buffer[] = [];
  #comeBytes = 0;
  /** By record, how often it is not yet found on the other side. */
  readonly #gone = new Map<string, number>();
  readonly #changed = new Map<string, number>();

  /** @param from where the records begin, after the first line; that of what comes must be left out as well */
  constructor(old: Buffer, from: number) {
    this.#old = old;
    this.#at = from;
  }

  /** @returns what can be written already; nearly always nothing */
  take(chunk: Buffer): Differing {
    this.#come.push(chunk);
    this.#comeBytes += chunk.length;
    if (this.#comeBytes < CHUNK_BYTES) return NOTHING;
    this.#compare(false);
    return this.#gone.size + this.#changed.size > MOST_WAITING ? this.#let() : NOTHING;
  }

  /** Nothing more comes. */
  end(): Differing {
    this.#compare(true);
    for (const record of records(this.#old, this.#at, Infinity)) leave(text(this.#old, record), this.#gone, this.#changed);
    this.#at = this.#old.length;
    return this.#let();
  }

  #let(): Differing {
    const all = (waiting: Map<string, number>) => [...waiting].flatMap(([record, times]) => Array.from({ length: times }, () => Buffer.from(record, "latin1")));
    const differing = { gone: all(this.#gone), changed: all(this.#changed) };
    this.#gone.clear();
    this.#changed.clear();
    return differing;
  }

  #compare(last: boolean): void {
    const come = this.#come.length === 1 ? this.#come[0] as Buffer : Buffer.concat(this.#come);
    let from = 0;
    for (;;) {
      const same = this.#sameFrom(come, from);
      from += same;
      this.#at += same;
      const next = records(come, from, AHEAD);
      if (next.length === 0 || (next.length < AHEAD && !last)) break; // of what is still to come nothing can be said yet
      from = this.#pass(come, from, next);
    }
    const rest = come.subarray(from);
    this.#come = rest.length === 0 ? [] : [rest];
    this.#comeBytes = rest.length;
  }

  /** For how many bytes both go on alike, to the end of a record. */
  #sameFrom(come: Buffer, from: number): number {
    const isSame = (length: number, at: number) => come.compare(this.#old, this.#at + at, this.#at + at + length, from + at, from + at + length) === 0;
    const most = Math.min(come.length - from, this.#old.length - this.#at);
    let [same, beyond] = [0, most];
    if (most === 0) return 0;
    if (isSame(most, 0)) same = most;
    else while (beyond - same > 1) {
      const half = (beyond - same) >> 1;
      if (isSame(half, same)) same += half;
      else beyond = same + half;
    }
    return same === 0 ? 0 : Math.max(0, come.lastIndexOf(NEWLINE, from + same - 1) + 1 - from);
  }

  /** Passes over the fewest records after which both go on alike. @returns where to go on */
  #pass(come: Buffer, from: number, next: readonly Span[]): number {
    const old = records(this.#old, this.#at, AHEAD);
    const places = new Map(old.map((record, i) => [text(this.#old, record), i]));
    let [newer, older] = [next.length, old.length];
    for (const [i, record] of next.entries()) {
      if (i >= newer + older) break;
      const there = places.get(text(come, record));
      if (there !== undefined && i + there < newer + older) [newer, older] = [i, there];
    }
    for (const record of next.slice(0, newer)) leave(text(come, record), this.#changed, this.#gone);
    for (const record of old.slice(0, older)) leave(text(this.#old, record), this.#gone, this.#changed);
    this.#at = old[older - 1]?.[1] ?? this.#at;
    return next[newer - 1]?.[1] ?? from;
  }
}

const NOTHING: Differing = { gone: [], changed: [] };

type Span = readonly [from: number, to: number];

/** The first records of what begins with one, those that are all there. */
function records(of: Buffer, from: number, most: number): Span[] {
  const found: Span[] = [];
  let [begin, open] = [from, false];
  for (let at = from; found.length < most; ) {
    const end = of.indexOf(NEWLINE, at) + 1;
    if (end === 0) break;
    if (hasOddQuotes(of.subarray(at, end))) open = !open;
    at = end;
    if (open) continue;
    found.push([begin, end]);
    begin = end;
  }
  return found;
}

function hasOddQuotes(line: Buffer): boolean {
  let odd = false;
  for (let at = line.indexOf(QUOTE); at >= 0; at = line.indexOf(QUOTE, at + 1)) odd = !odd;
  return odd;
}

/** How many records a CSV has below its first line; undefined if not each of them is one line. */
export function recordsOf(csv: Buffer): number | undefined {
  let lines = 0;
  let at = 0;
  for (let end; (end = csv.indexOf(NEWLINE, at) + 1) > 0; at = end, lines += 1) if (hasOddQuotes(csv.subarray(at, end))) return undefined;
  return at === csv.length && lines > 0 ? lines - 1 : undefined;
}

/** Where the records begin. */
export const afterHeader = (csv: Buffer): number => csv.indexOf(NEWLINE) + 1;

/** Each byte as one sign: whatever they mean, nothing is made of them. */
const text = (of: Buffer, [from, to]: Span) => of.toString("latin1", from, to);

/** A record that is not the other side's next one: it may have been passed over there, or is still to come. */
function leave(record: string, here: Map<string, number>, there: Map<string, number>): void {
  const waiting = there.get(record) ?? 0;
  if (waiting === 0) here.set(record, (here.get(record) ?? 0) + 1);
  else if (waiting === 1) there.delete(record);
  else there.set(record, waiting - 1);
}
