/** A Parquet file of ours that is read: its footer at once, its row groups when they are asked for. */

import type { TableShape } from "../../../datasets/shape.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import type { ThriftStruct } from "./thrift.ts";

export interface ParquetGroup {
  readonly rows: number;
  /** Bytes of its column chunks in the file. */
  readonly bytes: number;
}

/** All pages of one column of a row group, as they lie in their file. */
export interface RawChunk {
  readonly name: string;
  /** Parquet's number for how it is compressed. */
  readonly codec: number;
  /** ColumnMetaData with the offsets that its file has. */
  readonly meta: ThriftStruct;
  /** Offset of the first of `bytes` in that file. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface ParquetFile {
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
  readonly groups: readonly ParquetGroup[];
  /** Key-value metadata. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Decodes one row group, only the columns of `shape` (which may be fewer than the file has). Those that it lacks are null
   * when nullable. The batch is the caller's until the next row group of this file is read, or the file is closed.
   * @throws StoreDamaged when the file does not hold what it says, or a column that is needed
   */
  readGroup(shape: TableShape, group: number): PublicBatch;
  /** Whether its columns are exactly those of `shape`, so that a row group may be copied into a file of that shape. */
  holds(shape: TableShape): boolean;
  /**
   * Reads the column chunks of `shape` out of one row group, in the order of its columns, to be copied into another file.
   * @returns undefined when the file lacks one of the columns, or has it of another type; no bytes are read then
   * @throws StoreDamaged when the file does not hold what it says
   */
  readChunks?(shape: TableShape, group: number): readonly RawChunk[] | undefined;
  /** Event times of a row group's first and last row in time, ms, by its statistics; undefined when it has none. */
  times?(shape: TableShape, group: number): { readonly minMs: number; readonly maxMs: number } | undefined;
  /**
   * Reads every byte of a row group and compares it with its checksum, without decoding it.
   * @throws StoreDamaged when it does not match
   */
  checkGroup?(group: number): void;
  close(): void;
}
