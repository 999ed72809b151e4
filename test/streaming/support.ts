/** Spaces over one memory a file, as making one takes a while, and plain references to compare with. */

import assert from "node:assert/strict";
import type { AggregateSpace } from "../../streaming/index.ts";
import {
  BlockPool,
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../wasm/index.ts";

const BYTES = 8 * 2 ** 20;

let shared: Omit<AggregateSpace, "pool"> | undefined;

/** A space of its own, but for the memory: one at a time. */
export function newSpace(bytes: number = BYTES): AggregateSpace {
  shared ??= open();
  return { ...shared, pool: new BlockPool(KERNEL_STATIC_BYTES, Math.min(bytes, BYTES)) };
}

export interface PlainStats {
  readonly count: number;
  readonly sum: number;
  readonly mean: number | null;
  readonly variance: number | null;
  readonly stddev: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/** The figures of these values, by their definitions. */
export function plainStats(values: readonly number[]): PlainStats {
  const count = values.length;
  const sum = values.reduce((a, b) => a + b, 0);
  if (count === 0) {
    return { count, sum, mean: null, variance: null, stddev: null, min: null, max: null };
  }
  const mean = sum / count;
  const variance = values.reduce((squares, value) => squares + (value - mean) ** 2, 0) / count;
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return { count, sum, mean, variance, stddev: Math.sqrt(variance), min, max };
}

/** Counts and extremes are exact, the others within rounding. */
export function assertStats(actual: PlainStats, values: readonly number[], what = ""): void {
  const expected = plainStats(values);
  assert.equal(actual.count, expected.count, `count ${what}`);
  assert.equal(actual.min, expected.min, `min ${what}`);
  assert.equal(actual.max, expected.max, `max ${what}`);
  const scale = Math.max(1, ...values.map(Math.abs));
  for (const [name, power] of [
    ["sum", 1],
    ["mean", 1],
    ["stddev", 1],
    ["variance", 2],
  ] as const) {
    const [came, wanted] = [actual[name], expected[name]];
    if (wanted === null) assert.equal(came, null, `${name} ${what}`);
    else {
      const near = 1e-6 * scale ** power * Math.max(1, expected.count);
      assert.ok(Math.abs(came! - wanted) <= near, `${name} ${what}: expected ${wanted}; came ${came}`);
    }
  }
}

/** The value at rank ⌊q × (count − 1)⌋. */
export function plainQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
}

function open(): Omit<AggregateSpace, "pool"> {
  const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + BYTES });
  return {
    kernels: instantiateKernels(compileKernels(), memory),
    f64: new Float64Array(memory.buffer),
  };
}
