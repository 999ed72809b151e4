/** Parquet as the lake needs it: a test that is about files and not about what is in them puts something plain in here. */

import type { RowRun } from "../../../datasets/row-run.ts";
import type { TableShape } from "../../../datasets/shape.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import type { ParquetFile } from "../parquet/parquet-file.ts";

/** One file being made. Its bytes go to the sink it was opened with, in order. */
export interface LakeEncoder {
  /** Adds rows; the batch is done with when this returns. */
  append(batch: PublicBatch, run: RowRun): void;
  end(): void;
}

export interface LakeCodec {
  /** Begins a file. `sink` keeps no bytes beyond its call. */
  encode(shape: TableShape, sink: (bytes: Uint8Array) => void): LakeEncoder;
  /** @throws StoreDamaged when it is no such file; the file system's error when it cannot be read */
  open(path: string): ParquetFile;
}
