/**
 * What the kernel module exports, by name and type: the contract between wasm/kernels/ (AssemblyScript) and the host.
 *
 * Rules that hold for every kernel:
 * - A pointer is a byte offset into the shared memory, below 4 GiB. Nothing is checked beyond what WebAssembly checks:
 *   an access past the end of the memory throws WebAssembly.RuntimeError, a wrong pointer inside it is silent damage.
 * - Columns are Arrow buffers: values little-endian and dense; `offsets` int32, `rows + 1` of them (the first need not
 *   be 0); `validity` a bitmap, least significant bit first, bit i for row i, and 0 when every row is valid.
 * - Aligned data (8 bytes, as Arrow has it) is what is measured; unaligned pointers work.
 * - Kernels keep no state between calls, allocate nothing, and read a column while nobody writes it: whoever calls owns
 *   the blocks he passes. Any number of threads may run kernels over one memory at once.
 * - Row counts are below 2^31. Results that count are whole numbers, exact.
 */

import type { ByteKernels } from "./contract/bytes.ts";
import type { CellKernels } from "./contract/cells.ts";
import type { CheckKernels } from "./contract/check.ts";
import type { DistinctKernels } from "./contract/distinct.ts";
import type { GroupKernels } from "./contract/groups.ts";
import type { HashKernels } from "./contract/hash.ts";
import type { HeavyItemKernels } from "./contract/heavy-items.ts";
import type { JsonKernels } from "./contract/json.ts";
import type { MomentKernels } from "./contract/moments.ts";
import type { SketchKernels } from "./contract/sketch.ts";
import type { SlideKernels } from "./contract/slide.ts";
import type { TimeKernels } from "./contract/times.ts";

/** Numeric column types, where a kernel is told one as a number: its place here. */
export const VALUE_TYPES = ["f64", "f32", "i64", "i32", "u64", "u32", "u16", "u8"] as const;

export interface Kernels
  extends ByteKernels,
    CheckKernels,
    JsonKernels,
    HashKernels,
    TimeKernels,
    GroupKernels,
    MomentKernels,
    SketchKernels,
    CellKernels,
    DistinctKernels,
    HeavyItemKernels,
    SlideKernels {
  /** The memory this instance works on. */
  readonly memory: WebAssembly.Memory;
}
