/**
 * Where aggregates keep their state: a shared memory of a fixed size with the kernels on it, and a pool of blocks. One a thread is
 * made when the first aggregate asks for it; who wants another bound gives a space of his own.
 */

import {
  BlockPool,
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  type Kernels,
} from "../wasm/index.ts";

export interface AggregateSpace {
  readonly kernels: Kernels;
  readonly pool: BlockPool;
  /** The memory as doubles: an address divided by 8 is an index. */
  readonly f64: Float64Array;
}

/** Pages that nobody touches cost nothing. */
const DEFAULT_BYTES = 64 * 2 ** 20;
const MIN_BYTES = 64 * 2 ** 10;
const MAX_BYTES = 3 * 2 ** 30;

let shared: AggregateSpace | undefined;

/**
 * Makes a space.
 * @param bytes for all state together, a whole number from 64 KiB to 3 GiB. @throws RangeError for others
 */
export function createSpace(bytes: number = DEFAULT_BYTES): AggregateSpace {
  if (!(Number.isInteger(bytes) && bytes >= MIN_BYTES && bytes <= MAX_BYTES)) {
    throw new RangeError(`bytes: expected a whole number from ${MIN_BYTES} to ${MAX_BYTES}; came ${bytes}`);
  }
  const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + bytes });
  return {
    kernels: instantiateKernels(compileKernels(), memory),
    pool: new BlockPool(KERNEL_STATIC_BYTES, bytes),
    f64: new Float64Array(memory.buffer),
  };
}

/** The thread's own space of 64 MiB. */
export function defaultSpace(): AggregateSpace {
  shared ??= createSpace();
  return shared;
}
