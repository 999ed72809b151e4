/** The kernels and the memory they share with the host. Start reading at kernels.ts: it is the contract. */

export { BlockPool, PoolExhausted } from "./block-pool.ts";
export {
  type HashWidth,
  HMAC_STATE_BYTES,
  type Kernels,
  MOMENTS_BYTES,
  SKETCH_MAX_BYTES,
  SKETCH_MIN_BYTES,
  SKETCH_RELATIVE_ERROR,
} from "./kernels.ts";
export { compileKernels, instantiateKernels } from "./loader.ts";
export { createKernelMemory, KERNEL_STATIC_BYTES, type KernelMemoryOptions } from "./memory.ts";
export { type BlockAllocator, Sketch } from "./sketch.ts";
