/** What the store is read through: its folder, the kernels, and memory that frames of the log are read to. */

import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../wasm/index.ts";
import type { LogSource } from "./log/log-reader.ts";
import { logWindowBytes } from "./log/window-bytes.ts";
import type { ParquetFile } from "./parquet/parquet-file.ts";

export interface StoreSource extends LogSource {
  /** Opens a file of the lake. Default: as open-parquet.ts does. */
  readonly openParquet?: (path: string) => ParquetFile;
}

/**
 * A source of its own, for who reads a store outside the actors: on a memory that nobody else has. Nothing is opened yet.
 * @throws when the kernels are not built
 */
export function openStoreSource(dataFolder: string): StoreSource {
  const bytes = logWindowBytes();
  const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + bytes });
  return {
    dataFolder,
    kernels: instantiateKernels(compileKernels(), memory),
    window: { at: KERNEL_STATIC_BYTES, bytes },
  };
}
