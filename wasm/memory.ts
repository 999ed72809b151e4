/**
 * The one memory that every thread and every kernel shares.
 *
 * The first `KERNEL_STATIC_BYTES` belong to the kernels (constants and tables, the same bytes whoever writes them);
 * everything above belongs to the host, which hands out blocks of it by byte offset. The size is fixed when the memory
 * is made: a kernel holds offsets, and views over a shared memory that grew would go stale in other threads.
 */

/** Bytes at the start of the memory that the host must leave alone. The arena starts here. */
export const KERNEL_STATIC_BYTES = 65536;

const PAGE_BYTES = 65536;
/** 4 GiB: what a 32-bit offset can reach, and the maximum that the kernel module declares for its import. */
const MAX_PAGES = 65536;

export interface KernelMemoryOptions {
  /** Total size, the kernels' own 64 KiB included; rounded up to whole pages of 64 KiB. At least 128 KiB, at most 4 GiB. */
  readonly bytes: number;
}

/**
 * Makes the shared memory at its final size (initial = maximum). Pages are zero, and cost nothing before they are touched.
 *
 * @throws RangeError when `bytes` is outside 131072 … 4294967296, or the runtime cannot reserve that much.
 */
export function createKernelMemory(options: KernelMemoryOptions): WebAssembly.Memory {
  const pages = Math.ceil(options.bytes / PAGE_BYTES);
  if (!(pages >= 2 && pages <= MAX_PAGES)) {
    throw new RangeError(
      `createKernelMemory: bytes must be from ${2 * PAGE_BYTES} (128 KiB) to ${MAX_PAGES * PAGE_BYTES} (4 GiB), got ${options.bytes}`,
    );
  }
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
