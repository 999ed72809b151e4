/**
 * Numbers of every n-th row, in bounded memory. n begins as 1 and doubles whenever there is no room: of rows counted from 0, those are kept
 * whose number n divides. So it is known beforehand of no column how many rows there are, all columns of a range keep the same
 * rows, and the same rows give the same sample. It holds between half of the most and the most.
 */

/** Rows of a column that are kept. */
export const MAX_EXAMINED = 2 ** 21;

const FIRST_ROOM = 65_536;

export class NumberSample {
  /** Rows between two that are kept. */
  everyNth = 1;
  readonly #most: number;
  #values: Float64Array;
  #length = 0;
  #rows = 0;

  /** @param most an even number @param expected rows that there may be, when that is known: so many are made room for */
  constructor(most = MAX_EXAMINED, expected = 0) {
    this.#most = most;
    this.#values = new Float64Array(Math.min(most, Math.max(FIRST_ROOM, expected)));
  }

  /** Adds the first `count` of the next rows. NaN stands for a missing value. */
  add(numbers: Float64Array, count: number): void {
    const end = this.#rows + count;
    let row = Math.ceil(this.#rows / this.everyNth) * this.everyNth;
    for (; row < end; row += this.everyNth) {
      if (this.#length === this.#values.length && !this.#makeRoom(row)) continue;
      this.#values[this.#length++] = numbers[row - this.#rows]!;
    }
    this.#rows = end;
  }

  /** The values that are there, in the order of their rows: its own, which are given up. */
  take(): Float64Array {
    const values = this.#values;
    let there = 0;
    for (let at = 0; at < this.#length; at++) {
      const value = values[at]!;
      if (value - value === 0) values[there++] = value;
    }
    this.#values = new Float64Array(0);
    this.#length = 0;
    return values.subarray(0, there);
  }

  /** @returns whether the row at hand is still one to keep */
  #makeRoom(row: number): boolean {
    if (this.#values.length < this.#most) {
      const larger = new Float64Array(Math.min(this.#most, this.#values.length * 2));
      larger.set(this.#values);
      this.#values = larger;
      return true;
    }
    const values = this.#values;
    this.#length = Math.ceil(this.#length / 2);
    for (let at = 1; at < this.#length; at++) values[at] = values[at * 2]!;
    this.everyNth *= 2;
    return row % this.everyNth === 0;
  }
}
