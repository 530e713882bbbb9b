// The operations that were due, in the order in which they were due: columns of numbers, so that ten million fit.

import type { EvidenceDatabase } from "../evidence/database.ts";

/** One due operation: when it was due, when it ended (null: never), whether it was served. Nanoseconds. */
export type Sample = { readonly due: number; readonly end: number | null; readonly served: boolean };

export class Samples {
  readonly length: number;
  readonly #due: Float64Array;
  /** NaN: it never ended. */
  readonly #end: Float64Array;
  readonly #served: Uint8Array;

  private constructor(due: Float64Array, end: Float64Array, served: Uint8Array) {
    this.length = due.length;
    this.#due = due;
    this.#end = end;
    this.#served = served;
  }

  /** Of samples in the order in which they were due. */
  static of(samples: readonly Sample[]): Samples {
    return new Samples(Float64Array.from(samples, ({ due }) => due), Float64Array.from(samples, ({ end }) => end ?? NaN), Uint8Array.from(samples, ({ served }) => Number(served)));
  }

  static async read(database: EvidenceDatabase): Promise<Samples> {
    const [counted] = await database.rows("select count(*)::double as n from operations");
    const n = Number(counted?.["n"]);
    const samples = new Samples(new Float64Array(n), new Float64Array(n), new Uint8Array(n));
    let at = 0;
    const portions = database.portions(`select intended::double, coalesce("end", 'nan'::double)::double, (outcome = 'committed')::utinyint from operations order by intended, seq`);
    for await (const [due = [], end = [], served = []] of portions) {
      samples.#due.set(due as number[], at);
      samples.#end.set(end as number[], at);
      samples.#served.set(served as number[], at);
      at += due.length;
    }
    return samples;
  }

  due(i: number): number { return this.#due[i] ?? NaN; }
  /** When it ended; NaN when it never did. */
  end(i: number): number { return this.#end[i] ?? NaN; }
  served(i: number): boolean { return this.#served[i] === 1; }
  /** How long after it was due it ended; NaN when it never did. */
  latency(i: number): number { return this.end(i) - this.due(i); }

  /** What was due from `fromNs` on, up to before `toNs`; a view, no copy. */
  between(fromNs: number, toNs = Infinity): Samples {
    const [from, to] = [this.#firstFrom(fromNs), this.#firstFrom(toNs)];
    return new Samples(this.#due.subarray(from, to), this.#end.subarray(from, to), this.#served.subarray(from, to));
  }

  /** The same, but those are served, and as soon as they were due, of which `isSo` says so; it gets when each was due and ended. */
  servedWhere(isSo: (due: number, end: number) => boolean): Samples {
    const [end, served] = [this.#end.slice(), this.#served.slice()];
    for (let i = 0; i < this.length; i++) {
      if (!isSo(this.due(i), this.end(i))) continue;
      end[i] = this.due(i);
      served[i] = 1;
    }
    return new Samples(this.#due, end, served);
  }

  #firstFrom(ns: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.due(middle) < ns) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
