/** The kernels and the memory they share with the host. Start reading at kernels.ts: it is the contract; contract/ has its parts. */

export { BlockPool, PoolExhausted } from "./block-pool.ts";
export { CELL_BYTES } from "./contract/cells.ts";
export {
  HLL_MAX_BYTES,
  HLL_MIN_BYTES,
  HLL_SLOT_BYTES,
  HLL_SLOT_FROZEN_OFFSET,
  HLL_SLOT_HOST_OFFSET,
  HLL_SLOT_ROWS_OFFSET,
  HLL_STANDARD_ERROR,
} from "./contract/distinct.ts";
export { GROUP_ENTRY_BYTES } from "./contract/groups.ts";
export { type HashWidth, HMAC_STATE_BYTES } from "./contract/hash.ts";
export {
  TOP_CAPACITY_OFFSET,
  TOP_CAPPED_OFFSET,
  TOP_COUNTER_BYTES,
  TOP_LEFT_OUT_OFFSET,
  TOP_MAX_BYTES,
  TOP_MIN_BYTES,
  TOP_RECORD_BYTES,
  TOP_ROWS_OFFSET,
  TOP_TOTAL_OFFSET,
} from "./contract/heavy-items.ts";
export { JSON_END, JSON_FAULT, JSON_FULL, JSON_ROW } from "./contract/json.ts";
export { MOMENTS_BYTES } from "./contract/moments.ts";
export { SKETCH_MAX_BYTES, SKETCH_MIN_BYTES, SKETCH_RELATIVE_ERROR } from "./contract/sketch.ts";
export {
  SLIDE_CHUNK_HEAD_BYTES,
  SLIDE_COLUMN_BYTES,
  SLIDE_FIRST_OFFSET,
  SLIDE_FRONT_OFFSET,
  SLIDE_HEAD_BYTES,
  SLIDE_PLACE_OFFSET,
  SLIDE_ROWS_OFFSET,
  SLIDE_TAIL_OFFSET,
} from "./contract/slide.ts";
export { type Kernels, VALUE_TYPES } from "./kernels.ts";
export { compileKernels, instantiateKernels } from "./loader.ts";
export { createKernelMemory, KERNEL_STATIC_BYTES, type KernelMemoryOptions } from "./memory.ts";
export { type BlockAllocator, Sketch } from "./sketch.ts";
