/** Space-Saving said plainly: counters in a map, the least found by looking at all of them. */

export interface Counter {
  readonly weight: number;
  readonly error: number;
}

/** Items are whole numbers, and equal weights are ordered by them: the higher one goes first. */
export class ReferenceSpaceSaving {
  readonly counters = new Map<number, Counter>();
  readonly capacity: number;
  floor = 0;
  total = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  add(item: number, weight: number): void {
    this.total += weight;
    const counter = this.counters.get(item);
    if (counter !== undefined) {
      this.counters.set(item, { weight: counter.weight + weight, error: counter.error });
    } else if (weight > 0) {
      let error = this.floor;
      if (this.counters.size === this.capacity) {
        const [least, { weight: lowest }] = this.#last();
        this.counters.delete(least);
        error = lowest;
      }
      this.counters.set(item, { weight: error + weight, error });
    }
  }

  merge(other: ReferenceSpaceSaving): void {
    const own = this.least;
    const others = other.least;
    const union = new Map<number, Counter>();
    for (const item of new Set([...this.counters.keys(), ...other.counters.keys()])) {
      const a = this.counters.get(item) ?? { weight: own, error: own };
      const b = other.counters.get(item) ?? { weight: others, error: others };
      union.set(item, { weight: a.weight + b.weight, error: a.error + b.error });
    }
    this.counters.clear();
    for (const [item, counter] of sorted(union).slice(0, this.capacity)) this.counters.set(item, counter);
    this.floor = own + others;
    this.total += other.total;
  }

  get least(): number {
    if (this.counters.size < this.capacity) return this.floor;
    return this.#last()[1].weight;
  }

  /** The heaviest first. */
  ranks(): [number, Counter][] {
    return sorted(this.counters);
  }

  #last(): [number, Counter] {
    let last: [number, Counter] | undefined;
    for (const entry of this.counters) {
      const isLower = last === undefined || entry[1].weight < last[1].weight;
      if (isLower || (entry[1].weight === last?.[1].weight && entry[0] > last[0])) last = entry;
    }
    return last!;
  }
}

function sorted(counters: ReadonlyMap<number, Counter>): [number, Counter][] {
  return [...counters].sort(([a, x], [b, y]) => y.weight - x.weight || a - b);
}
