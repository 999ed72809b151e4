/**
 * A Parquet file's footer: what it says of a file, and what our own have more.
 *
 *     PAR1   column chunks …   FileMetaData   its length, 4 bytes   PAR1
 *
 * Parquet has no checksum of its footer and a rarely used one of its pages. So our files have one metadata entry more: CRC-32
 * of each column chunk and, at last, of the footer itself (reckoned with zeros in its own place). With it, whatever was
 * altered in a file of ours is found before it is decoded.
 */

import { Buffer } from "node:buffer";
import { COLUMN, KEY_VALUE } from "./format-fields.ts";
import { BINARY, fieldOf, type ThriftStruct } from "./thrift.ts";

export const MAGIC = Buffer.from("PAR1");
/** The footer's length and the magic behind it. */
export const TAIL_BYTES = 8;
/** A footer of ours takes some hundred bytes a row group and column; a longer one is no footer. */
export const MAX_FOOTER_BYTES = 2 ** 20;
/** Rows of a group that is decoded; ours have fewer. */
export const MAX_GROUP_ROWS = 2 ** 20;
/** Metadata key of the checksums, base64 of CRC_BYTES each, little-endian. */
export const CHECKSUMS_KEY = "millrace.crc32";
export const CRC_BYTES = 4;
/** Fields of ColumnMetaData that hold an offset in the file. */
export const PAGE_OFFSETS: readonly number[] = [COLUMN.dataAt, COLUMN.indexAt, COLUMN.dictionaryAt];

export interface ColumnChunk {
  /** Name of the column. */
  readonly name: string;
  readonly physical: number;
  readonly codec: number;
  /** Values, nulls among them. */
  readonly values: number;
  /** Offset of its first page in the file, and bytes of all its pages. */
  readonly at: number;
  readonly bytes: number;
  /** Undefined in a file without checksums. */
  readonly crc: number | undefined;
  /** ColumnMetaData, as it stands in the file. */
  readonly meta: ThriftStruct;
}

export interface RowGroup {
  readonly rows: number;
  /** Bytes of its column chunks. */
  readonly bytes: number;
  /** In the order of the schema. */
  readonly columns: readonly ColumnChunk[];
}

export interface Footer {
  /** An element a column, without the root. */
  readonly schema: readonly ThriftStruct[];
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly createdBy: string | undefined;
  readonly hasChecksums: boolean;
}

/** Where a chunk begins: at its dictionary, if it has one. */
export function firstPage(meta: ThriftStruct): number {
  const dictionaryAt = fieldOf(meta, COLUMN.dictionaryAt)?.value as number | undefined;
  const dataAt = numberOf(meta, COLUMN.dataAt);
  return dictionaryAt !== undefined && dictionaryAt > 0 ? Math.min(dictionaryAt, dataAt) : dataAt;
}

/** The number in field `id`; 0 when there is none. */
export function numberOf(struct: ThriftStruct, id: number): number {
  return (fieldOf(struct, id)?.value as number | undefined) ?? 0;
}

/** An entry of the metadata. */
export function keyValue([key, value]: readonly [string, string]): ThriftStruct {
  return {
    fields: [
      { id: KEY_VALUE.key, type: BINARY, value: Buffer.from(key) },
      { id: KEY_VALUE.value, type: BINARY, value: Buffer.from(value) },
    ],
  };
}

/** The checksums as they stand under CHECKSUMS_KEY. */
export function checksumText(crcs: readonly number[]): string {
  const bytes = Buffer.alloc(crcs.length * CRC_BYTES);
  crcs.forEach((crc, index) => void bytes.writeUInt32LE(crc, index * CRC_BYTES));
  return bytes.toString("base64");
}
