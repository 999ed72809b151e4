/** A bounded first-in, first-out queue that, when full, gives up its oldest item for the new one and counts it. */

/** Items taken off the front before the array is moved up: moving costs, and so does holding what is gone. */
const COMPACT_AT = 256;

export class EventQueue<T> {
  readonly capacity: number;
  #items: T[] = [];
  /** Index of the oldest item. */
  #head = 0;
  #dropped = 0;

  /** @throws RangeError for a capacity that is not a whole number from 1 on */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`expected a queue of a whole number of items from 1 on; came ${capacity}`);
    }
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get isFull(): boolean {
    return this.length === this.capacity;
  }

  push(item: T): void {
    if (this.isFull) {
      this.#head++;
      this.#dropped++;
    }
    this.#items.push(item);
    // Half of it at least is dead by then, so each item is moved once at the most, on average.
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) this.#compact();
  }

  /** Takes up to `most` of the oldest items. */
  take(most: number): T[] {
    const end = Math.min(this.#head + most, this.#items.length);
    const taken = this.#items.slice(this.#head, end);
    this.#head = end;
    if (this.length === 0) this.#compact();
    return taken;
  }

  /** Items dropped since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
