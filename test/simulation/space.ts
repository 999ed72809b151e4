/**
 * The memory that all runs of a thread share, one after the other: a runtime takes its time to make a shared memory, and to
 * give it back. Each process begins with zeros, as in a memory of its own.
 */

import { kernelsOf } from "../../actors/resources.ts";
import type { StatePlace } from "../../actors/windower/open-windows.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { compileKernels, createKernelMemory, KERNEL_STATIC_BYTES, type Kernels } from "../../wasm/index.ts";

/** What one process takes, and behind it the reader of what it left. */
const PROCESS_BYTES = 8 * 2 ** 20;
export const READER_BYTES = 2 ** 20;

/** For the windows that are expected of one dataset, and of it for columns that are copied. */
const PLACE_BYTES = 2 ** 19;
const COPY_BYTES = 2 ** 15;
const MOST_PLACES = 6;

export class Space {
  readonly module: WebAssembly.Module = compileKernels();
  readonly memory: WebAssembly.Memory = createKernelMemory({
    bytes: KERNEL_STATIC_BYTES + PROCESS_BYTES + READER_BYTES,
  });
  readonly kernels: Kernels;
  /** Of the reader. */
  readonly readerAt = KERNEL_STATIC_BYTES + PROCESS_BYTES;
  readonly #process: Uint8Array;
  /** Bytes that a process may have written to since the memory was cleared. */
  #used = 0;
  #places = 0;

  constructor() {
    const context = { memory: this.memory, resources: { kernels: this.module } };
    this.kernels = kernelsOf(context as unknown as ActorContext<never>);
    this.#process = new Uint8Array(this.memory.buffer, KERNEL_STATIC_BYTES, PROCESS_BYTES);
  }

  /** As a process finds its memory. */
  clear(): void {
    this.#process.fill(0, 0, this.#used);
    this.#used = PROCESS_BYTES;
    this.#places = 0;
  }

  /** A place for windows, where the process was that is over. */
  takePlace(): StatePlace {
    const at = KERNEL_STATIC_BYTES + this.#places++ * PLACE_BYTES;
    return { poolAt: at, poolBytes: PLACE_BYTES - COPY_BYTES, copyAt: at + PLACE_BYTES - COPY_BYTES };
  }

  /** @param to end of all that the process has been given */
  takes(to: number): void {
    this.#used = Math.max(to - KERNEL_STATIC_BYTES, MOST_PLACES * PLACE_BYTES);
  }
}
