/**
 * The library that encodes and decodes Parquet's pages: a WebAssembly module of 5 MB that takes 150 ms and 40 MB to bring to
 * life, so it is loaded when the first page is to be encoded or decoded. Footers are read, and row groups copied, without it.
 */

import { createRequire } from "node:module";

export type ParquetLibrary = typeof import("parquet-wasm/node");

let library: ParquetLibrary | undefined;

/** The library of this thread. Takes long the first time. */
export function parquetLibrary(): ParquetLibrary {
  library ??= createRequire(import.meta.url)("parquet-wasm/node") as ParquetLibrary;
  return library;
}

/** Loads the library now, so that the first row group does not have to wait for it. */
export async function loadParquet(): Promise<void> {
  parquetLibrary();
}
