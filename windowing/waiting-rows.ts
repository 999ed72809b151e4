/**
 * Rows that wait for the watermark, first those that are first: by time, then as they came. Rows that come in order, as most do, wait in a
 * queue; those that come after a younger one in a heap. Their values lie in the pool, in slabs of rows.
 */

import { type BlockPool, PoolExhausted } from "../wasm/index.ts";
import { blockOf } from "./slide-frame.ts";

const SLAB_ROWS = 64;
/** Places at the queue's beginning that may be empty before it is moved up. */
const SLACK = 1024;

/** @typeParam G what a row is of */
export class WaitingRows<G> {
  readonly #pool: BlockPool;
  readonly #rowBytes: number;
  readonly #slabBytes: number;
  readonly #slabs: number[] = [];
  /** Rows of the slabs that are not taken. */
  #free: number[] = [];
  /** Of each row of the slabs. */
  readonly #times: number[] = [];
  readonly #arrivals: number[] = [];
  readonly #groups: G[] = [];
  #queue: number[] = [];
  #head = 0;
  readonly #heap: number[] = [];
  #arrived = 0;

  constructor(pool: BlockPool, measures: number) {
    this.#pool = pool;
    this.#rowBytes = 8 * measures;
    this.#slabBytes = blockOf(SLAB_ROWS * this.#rowBytes);
  }

  get size(): number {
    return this.#queue.length - this.#head + this.#heap.length;
  }

  /** Time of the first; Infinity when there is none. */
  get firstMs(): number {
    const first = this.#first();
    return first === undefined ? Number.POSITIVE_INFINITY : this.#times[first]!;
  }

  /** Time of the last, undefined when there is none. While one waits in the heap, a younger one waits in the queue. */
  get lastMs(): number | undefined {
    const last = this.#queue[this.#queue.length - 1];
    return this.#head === this.#queue.length || last === undefined ? undefined : this.#times[last];
  }

  /** @returns the row; -1: there is no room for it */
  tryPut(timeMs: number, group: G): number {
    const row = this.#free.pop() ?? this.#tryMakeRow();
    if (row < 0) return row;
    this.#times[row] = timeMs;
    this.#arrivals[row] = this.#arrived++;
    this.#groups[row] = group;
    const { lastMs } = this;
    if (lastMs === undefined || timeMs >= lastMs) this.#queue.push(row);
    else this.#up(row);
    return row;
  }

  timeOf(row: number): number {
    return this.#times[row]!;
  }

  groupOf(row: number): G {
    return this.#groups[row]!;
  }

  /** Byte offset of the row's values. */
  valuesAt(row: number): number {
    return this.#slabs[Math.floor(row / SLAB_ROWS)]! + (row % SLAB_ROWS) * this.#rowBytes;
  }

  /** Takes the first row out; it stays as it is until it is freed. Undefined: there is none. */
  take(): number | undefined {
    const first = this.#first();
    if (first === undefined) return undefined;
    if (first === this.#heap[0]) this.#takeFromHeap();
    else this.#head++;
    if (this.#head === this.#queue.length) {
      this.#queue.length = this.#head = 0;
    } else if (this.#head > SLACK && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  /** Frees a row that was taken. */
  free(row: number): void {
    this.#free.push(row);
    if (this.size > 0 || this.#slabs.length === 1) return;
    if (this.#free.length < this.#slabs.length * SLAB_ROWS) return;
    for (const slab of this.#slabs.splice(1)) this.#pool.free(slab, this.#slabBytes);
    this.#free = this.#free.filter((index) => index < SLAB_ROWS);
  }

  /** All that wait, in their order. */
  sorted(): readonly number[] {
    return [...this.#queue.slice(this.#head), ...this.#heap].sort((a, b) => this.#compare(a, b));
  }

  /** Gives all memory back. */
  close(): void {
    for (const slab of this.#slabs) this.#pool.free(slab, this.#slabBytes);
  }

  #first(): number | undefined {
    const queued = this.#queue[this.#head];
    const heaped = this.#heap[0];
    if (queued === undefined || heaped === undefined) return queued ?? heaped;
    return this.#compare(queued, heaped) < 0 ? queued : heaped;
  }

  #compare(a: number, b: number): number {
    return this.#times[a]! - this.#times[b]! || this.#arrivals[a]! - this.#arrivals[b]!;
  }

  #tryMakeRow(): number {
    let slab: number;
    try {
      slab = this.#pool.allocate(this.#slabBytes);
    } catch (error) {
      if (error instanceof PoolExhausted) return -1;
      throw error;
    }
    const first = this.#slabs.length * SLAB_ROWS;
    this.#slabs.push(slab);
    for (let row = first + SLAB_ROWS - 1; row > first; row--) this.#free.push(row);
    return first;
  }

  #up(row: number): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.#compare(heap[above]!, row) < 0) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = row;
  }

  #takeFromHeap(): void {
    const heap = this.#heap;
    const row = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let next = 2 * place + 1;
      if (next >= heap.length) break;
      if (next + 1 < heap.length && this.#compare(heap[next + 1]!, heap[next]!) < 0) next++;
      if (this.#compare(row, heap[next]!) < 0) break;
      heap[place] = heap[next]!;
      place = next;
    }
    heap[place] = row;
  }
}
