// Typed arrays that grow: a million transactions as a few flat columns instead of objects.

/** A column of 32-bit whole numbers. */
export class Ints {
  data: Int32Array;
  length = 0;

  constructor(capacity = 1024) {
    this.data = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.data.length) this.#grow(this.length + 1);
    this.data[this.length++] = value;
  }

  get(index: number): number {
    return this.data[index] as number;
  }

  set(index: number, value: number): void {
    this.data[index] = value;
  }

  /** Makes [length, size) exist, filled with `value`. */
  fillTo(size: number, value: number): void {
    if (size <= this.length) return;
    if (size > this.data.length) this.#grow(size);
    this.data.fill(value, this.length, size);
    this.length = size;
  }

  #grow(needed: number): void {
    const larger = new Int32Array(Math.max(needed, Math.ceil(this.data.length * 1.6)));
    larger.set(this.data);
    this.data = larger;
  }
}

/** A column of numbers up to 2^53. */
export class Numbers {
  data = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.data.length) {
      const larger = new Float64Array(Math.ceil(this.data.length * 1.6));
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = value;
  }
}
