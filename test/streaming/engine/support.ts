/** What the engine's tests share: a space that counts its blocks, sources, gates, and windows as a plain program makes them. */

import { seededRandom } from "../../../runtime/random.ts";
import type { WindowResult } from "../../../streaming/engine/index.ts";
import type { AggregateSpace } from "../../../streaming/space.ts";
import {
  BlockPool,
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../../wasm/index.ts";

const PARTS = 16;
const PART_BYTES = 4 * 2 ** 20;
const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + PARTS * PART_BYTES });
const kernels = instantiateKernels(compileKernels(), memory);
const f64 = new Float64Array(memory.buffer);

class CountingPool extends BlockPool {
  blocks = 0;

  override allocate(bytes: number): number {
    const block = super.allocate(bytes);
    this.blocks++;
    return block;
  }

  override free(block: number, bytes: number): void {
    this.blocks--;
    super.free(block, bytes);
  }
}

let made = 0;

/** A space of its own in the file's one memory; the last PARTS of them may be in use together. What was in one before is not wiped. */
export function makeSpace(bytes = PART_BYTES): AggregateSpace & { readonly pool: CountingPool } {
  const at = KERNEL_STATIC_BYTES + (made++ % PARTS) * PART_BYTES;
  return { kernels, pool: new CountingPool(at, bytes), f64 };
}

export interface Reading {
  readonly at: number;
  readonly host: string;
  readonly value: number | null;
}

/** Readings out of order by up to `disorderMs`, some of them missing. */
export function readings(count: number, seed: number, disorderMs = 0): Reading[] {
  const random = seededRandom(seed);
  let now = 1_000_000;
  return Array.from({ length: count }, () => {
    now += Math.floor(random() * 40);
    return {
      at: now - Math.floor(random() * (disorderMs + 1)),
      host: `host ${Math.floor(random() * 7)}`,
      value: random() < 0.1 ? null : Math.floor(random() * 1000),
    };
  });
}

export interface PlainWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly key: string;
  readonly count: number;
  readonly values: number[];
}

/** Hopping windows (tumbling ones, when `everyMs` is `lengthMs`), by end, start and key. */
export function plainWindows(items: readonly Reading[], lengthMs: number, everyMs: number): PlainWindow[] {
  const windows = new Map<string, PlainWindow>();
  for (const { at, host, value } of items) {
    const last = Math.floor(at / everyMs) * everyMs;
    for (let startMs = last; startMs > at - lengthMs; startMs -= everyMs) {
      const id = `${startMs} ${host}`;
      const before = windows.get(id);
      const values = before?.values ?? [];
      if (value !== null) values.push(value);
      const count = (before?.count ?? 0) + 1;
      windows.set(id, { startMs, endMs: startMs + lengthMs, key: host, count, values });
    }
  }
  return sorted([...windows.values()]);
}

export function sorted<W extends Pick<WindowResult, "startMs" | "endMs" | "key">>(
  windows: readonly W[],
): W[] {
  return windows.toSorted(
    (a, b) => a.endMs - b.endMs || a.startMs - b.startMs || (String(a.key) < String(b.key) ? -1 : 1),
  );
}

/** Gives all items, and counts how many were asked for. */
export class CountingSource<T> implements AsyncIterable<T> {
  pulled = 0;
  isReturned = false;
  readonly #items: readonly T[];

  constructor(items: readonly T[]) {
    this.#items = items;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: async () => {
        if (this.pulled === this.#items.length) return { done: true, value: undefined };
        return { done: false, value: this.#items[this.pulled++] as T };
      },
      return: async () => {
        this.isReturned = true;
        return { done: true, value: undefined };
      },
    };
  }
}

/** A source that gives what is pushed, and is silent in between. */
export class PushSource<T> implements AsyncIterable<T> {
  isReturned = false;
  readonly #items: T[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  push(...items: T[]): void {
    this.#items.push(...items);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: async () => {
        while (this.#items.length === 0 && !this.#isEnded) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
        const value = this.#items.shift();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        this.isReturned = true;
        return { done: true, value: undefined };
      },
    };
  }
}

/** Callbacks that are done when the test says so. */
export class Gate {
  /** Those that wait, in the order that they began. */
  readonly waiting: (() => void)[] = [];
  begun = 0;
  most = 0;

  readonly pass = (): Promise<void> => {
    this.begun++;
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.most = Math.max(this.most, this.waiting.length);
    });
  };

  /** Lets one of those that wait through. */
  open(index = 0): void {
    this.waiting.splice(index, 1)[0]?.();
  }
}

/** Until all that can happen without time passing has happened. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}
