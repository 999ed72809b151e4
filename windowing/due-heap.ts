/**
 * What is due when: a binary heap by moment. An entry knows its place in it, so that it can be moved or taken out wherever it is.
 * Entries that are due at the same moment come in no order that means anything.
 */

export interface Due {
  /** Set by the heap alone. */
  dueMs: number;
  /** Place in the heap; -1: it is not in it. */
  place: number;
}

export class DueHeap<T extends Due> {
  readonly #entries: T[] = [];

  /** The first moment that something is due at; Infinity when nothing is in it. */
  get firstMs(): number {
    const first = this.#entries[0];
    return first === undefined ? Number.POSITIVE_INFINITY : first.dueMs;
  }

  get first(): T | undefined {
    return this.#entries[0];
  }

  /** Puts an entry in, or moves it to another moment. */
  set(entry: T, dueMs: number): void {
    const isLater = entry.place >= 0 && dueMs > entry.dueMs;
    entry.dueMs = dueMs;
    if (entry.place < 0) {
      entry.place = this.#entries.length;
      this.#entries.push(entry);
    }
    if (isLater) this.#down(entry);
    else this.#up(entry);
  }

  /** Takes an entry out, if it is in. */
  remove(entry: T): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#entries.pop()!;
    if (last === entry) return;
    this.#put(last, place);
    this.#up(last);
    this.#down(last);
  }

  #up(entry: T): void {
    let { place } = entry;
    while (place > 0) {
      const above = this.#entries[(place - 1) >> 1]!;
      if (above.dueMs <= entry.dueMs) break;
      this.#put(above, place);
      place = (place - 1) >> 1;
    }
    this.#put(entry, place);
  }

  #down(entry: T): void {
    let { place } = entry;
    for (;;) {
      let next = 2 * place + 1;
      if (next >= this.#entries.length) break;
      if (next + 1 < this.#entries.length && this.#entries[next + 1]!.dueMs < this.#entries[next]!.dueMs)
        next++;
      const below = this.#entries[next]!;
      if (below.dueMs >= entry.dueMs) break;
      this.#put(below, place);
      place = next;
    }
    this.#put(entry, place);
  }

  #put(entry: T, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }
}
