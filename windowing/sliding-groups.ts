/** The groups of sliding windows: each with its rows, for as long as one of them can be in a window that is to come. */

import { PoolExhausted } from "../wasm/index.ts";
import { byKey } from "./closed-session.ts";
import { type Due, DueHeap } from "./due-heap.ts";
import { GroupList, type Listed } from "./group-list.ts";
import { Slide } from "./slide.ts";
import type { SlideFrame } from "./slide-frame.ts";

/** Due: when its last row is in no window any more, or before. */
export interface SlidingGroup extends Listed, Due {
  readonly slide: Slide;
  /** Rows that wait for the watermark. */
  waiting: number;
  /** Those of them whose moment it is. */
  readonly current: number[];
  /** Time of the last row that was in a window. */
  lastMs: number;
}

export class SlidingGroups {
  readonly list: GroupList<SlidingGroup>;
  readonly #frame: SlideFrame;
  readonly lengthMs: number;
  readonly #heap = new DueHeap<SlidingGroup>();
  #others: SlidingGroup | undefined;

  /** @throws PoolExhausted */
  constructor(frame: SlideFrame, lengthMs: number) {
    this.#frame = frame;
    this.lengthMs = lengthMs;
    this.list = new GroupList(frame.kernels, frame.pool);
  }

  get size(): number {
    return this.list.size + (this.#others === undefined ? 0 : 1);
  }

  /** The watermark at which a group may have to go. */
  get dueMs(): number {
    return this.#heap.firstMs;
  }

  /** The group of that key, null for all others; undefined: there is none. */
  get(key: bigint | null): SlidingGroup | undefined {
    return key === null ? this.#others : this.list.get(key);
  }

  /** A new group. Undefined: the pool has no room for it. @param timeMs of its first row */
  tryMake(key: bigint | null, timeMs: number): SlidingGroup | undefined {
    let slide: Slide;
    try {
      slide = new Slide(this.#frame);
    } catch (error) {
      if (error instanceof PoolExhausted) return undefined;
      throw error;
    }
    const group: SlidingGroup = {
      key,
      word: 0,
      slide,
      waiting: 0,
      current: [],
      lastMs: Number.NEGATIVE_INFINITY,
      dueMs: 0,
      place: -1,
    };
    if (key === null) {
      this.#others = group;
    } else if (!this.list.tryPut(key, group)) {
      slide.free();
      return undefined;
    }
    this.#heap.set(group, timeMs + this.lengthMs);
    return group;
  }

  /** Takes out what is in no window that is to come. @returns whether something was */
  dropTo(watermarkMs: number): boolean {
    let isDropped = false;
    for (
      let first = this.#heap.first;
      first !== undefined && first.dueMs <= watermarkMs;
      first = this.#heap.first
    ) {
      const fromMs = first.waiting > 0 ? watermarkMs : first.lastMs;
      if (fromMs + this.lengthMs > watermarkMs) {
        this.#heap.set(first, fromMs + this.lengthMs);
      } else {
        this.drop(first);
        isDropped = true;
      }
    }
    return isDropped;
  }

  drop(group: SlidingGroup): void {
    this.#heap.remove(group);
    this.list.remove(group);
    if (group === this.#others) this.#others = undefined;
    group.slide.free();
  }

  dropAll(): void {
    for (const group of this.sorted()) this.drop(group);
  }

  /** By key, unsigned, null last. */
  sorted(): readonly SlidingGroup[] {
    return [...this.list.sorted(), ...(this.#others === undefined ? [] : [this.#others])];
  }

  free(): void {
    this.dropAll();
    this.list.free();
  }
}

/** For sorting, the last first. */
export function lastFirst(a: SlidingGroup, b: SlidingGroup): number {
  return byKey(b.key, a.key);
}
