/**
 * Which of some weights is the least, when weights only rise and the least is asked for seldom: a binary heap that is behind.
 *
 * Its keys are weights as they were when last looked at, so lower bounds; a weight that rises moves nothing. Who asks brings the top up to
 * date until it stays the top. Among equals, the one that `isBefore` says comes first.
 */

export class LeastHeap {
  readonly #weights: Float64Array;
  readonly #isBefore: (index: number, other: number) => boolean;
  readonly #keys: Float64Array;
  readonly #indices: Uint32Array;
  #count = 0;

  /** @param weights by index; they are read, never written */
  constructor(weights: Float64Array, isBefore: (index: number, other: number) => boolean) {
    this.#weights = weights;
    this.#isBefore = isBefore;
    this.#keys = new Float64Array(weights.length);
    this.#indices = new Uint32Array(weights.length);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Of the first `count` weights; 0 empties it. */
  fill(count: number): void {
    this.#count = count;
    this.#keys.set(this.#weights.subarray(0, count));
    for (let index = 0; index < count; index++) this.#indices[index] = index;
    for (let place = (count >> 1) - 1; place >= 0; place--) this.#sift(place);
  }

  /** Index of the least weight; there is one. */
  least(): number {
    for (;;) {
      const index = this.#indices[0]!;
      if (this.#keys[0] === this.#weights[index]) return index;
      this.update();
    }
  }

  /** What is at the top has another weight, or has become another item. */
  update(): void {
    this.#keys[0] = this.#weights[this.#indices[0]!]!;
    this.#sift(0);
  }

  #sift(from: number): void {
    const keys = this.#keys;
    const indices = this.#indices;
    const key = keys[from]!;
    const index = indices[from]!;
    let place = from;
    for (let child = 2 * place + 1; child < this.#count; child = 2 * place + 1) {
      if (child + 1 < this.#count && this.#isLess(child + 1, keys[child]!, indices[child]!)) child++;
      if (!this.#isLess(child, key, index)) break;
      keys[place] = keys[child]!;
      indices[place] = indices[child]!;
      place = child;
    }
    keys[place] = key;
    indices[place] = index;
  }

  #isLess(place: number, key: number, index: number): boolean {
    const own = this.#keys[place]!;
    return own < key || (own === key && this.#isBefore(this.#indices[place]!, index));
  }
}
