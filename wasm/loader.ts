/**
 * Brings the compiled kernels to life: read once in the main thread, then the module (and the memory) travel to workers
 * through `workerData`, and each thread makes its own instance over the one memory.
 */

import { readFileSync } from "node:fs";
import type { Kernels } from "./kernels.ts";
import { POWERS_OF_FIVE_WORDS, powersOfFive } from "./powers-of-five.ts";

/** Where kernels/layout.ts has it. */
const POWERS_OF_FIVE_AT = 49_152;
const KERNELS_FILE = new URL("./build/kernels.wasm", import.meta.url);

/**
 * Reads and compiles wasm/build/kernels.wasm, synchronously.
 *
 * @throws Error when it was not built yet; the message names the command that does.
 */
export function compileKernels(): WebAssembly.Module {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(KERNELS_FILE));
  } catch (cause) {
    throw new Error(
      "The kernels are not built: expected wasm/build/kernels.wasm. Run `bun run build:kernels`, or `deno run -A scripts/build-kernels.ts`.",
      { cause },
    );
  }
  return new WebAssembly.Module(bytes);
}

/**
 * Binds the kernels to a memory. Call it once in every thread; it writes the kernels' tables below KERNEL_STATIC_BYTES,
 * the same bytes each time, so it may run while other threads compute.
 *
 * @throws WebAssembly.LinkError when the memory is not shared.
 */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  // The only place where the module's exports get their types: contract/ states them, test/wasm/loader.test.ts checks them.
  const exports = instance.exports as unknown as Omit<Kernels, "memory"> & { prepareTables(): void };
  exports.prepareTables();
  putPowersOfFive(memory);
  return { ...exports, memory };
}

/** To reckon them takes some milliseconds, so the first thread does it for all: the last word is stored last, and who finds it finds the others. */
function putPowersOfFive(memory: WebAssembly.Memory): void {
  const table = new BigUint64Array(memory.buffer, POWERS_OF_FIVE_AT, POWERS_OF_FIVE_WORDS);
  const last = POWERS_OF_FIVE_WORDS - 1;
  if (Atomics.load(table, last) !== 0n) return;
  const powers = powersOfFive();
  table.set(powers.subarray(0, last));
  Atomics.store(table, last, powers[last]!);
}
