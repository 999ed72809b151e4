/** First in, first out, in constant time. It knows no bound: whoever fills it has one. */

/** Items taken off the front before the array is moved up: moving costs, and so does holding what is gone. */
const COMPACT_AT = 256;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  /** Index of the oldest item. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest item, which stays. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    // Half of it at least is gone by then, so each item is moved once at the most, on average.
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** From the oldest on. */
  *[Symbol.iterator](): Generator<T> {
    for (let index = this.#head; index < this.#items.length; index++) yield this.#items[index]!;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
