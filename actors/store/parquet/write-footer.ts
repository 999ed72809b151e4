/** Writes a footer. */

import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import {
  CHECKSUMS_KEY,
  checksumText,
  firstPage,
  keyValue,
  MAGIC,
  numberOf,
  PAGE_OFFSETS,
  TAIL_BYTES,
} from "./footer.ts";
import { CHUNK, COLUMN, FILE, GROUP } from "./format-fields.ts";
import { BINARY, I16, I32, I64, LIST, STRUCT, type ThriftField, type ThriftStruct } from "./thrift.ts";
import { writeStruct } from "./write-thrift.ts";

const CREATED_BY = "millrace";
/** That bounds are in the order of the column's type: the only order there is, and without it no reader trusts bounds. */
const TYPE_ORDER: ThriftStruct = { fields: [{ id: 1, type: STRUCT, value: { fields: [] } }] };

/** A column chunk to be listed in a footer. */
export interface WrittenChunk {
  /** As it stood in the file that the chunk comes from; its offsets are those of that file. */
  readonly meta: ThriftStruct;
  /** Bytes by which the chunk was moved. */
  readonly movedBytes: number;
  /** Bytes of its pages. */
  readonly bytes: number;
}

/** RowGroup as it is written, of chunks that were moved. @param ordinal its place in the file */
export function rowGroupStruct(rows: number, ordinal: number, chunks: readonly WrittenChunk[]): ThriftStruct {
  const metas = chunks.map(({ meta, movedBytes }) => moved(meta, movedBytes));
  const total = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  const uncompressed = metas.reduce((sum, meta) => sum + numberOf(meta, COLUMN.uncompressedBytes), 0);
  const columns = metas.map(
    (meta): ThriftStruct => ({
      // The place of a second copy of the metadata, which nobody writes any more; 0 says so.
      fields: [
        { id: CHUNK.secondMetaAt, type: I64, value: 0 },
        { id: CHUNK.meta, type: STRUCT, value: meta },
      ],
    }),
  );
  const first = metas[0];
  const fields: ThriftField[] = [
    { id: GROUP.columns, type: LIST, value: { of: STRUCT, items: columns } },
    { id: GROUP.uncompressedBytes, type: I64, value: uncompressed },
    { id: GROUP.rows, type: I64, value: rows },
  ];
  if (first !== undefined) fields.push({ id: GROUP.at, type: I64, value: firstPage(first) });
  fields.push({ id: GROUP.bytes, type: I64, value: total });
  // Sixteen bits: who has more groups does without.
  if (ordinal < 2 ** 15) fields.push({ id: GROUP.ordinal, type: I16, value: ordinal });
  return { fields };
}

/**
 * The end of a file: footer, its length, magic.
 * @param checksums of all column chunks in order; undefined: none are written
 */
export function writeFooter(footer: {
  readonly schema: readonly ThriftStruct[];
  readonly rows: number;
  readonly groups: readonly ThriftStruct[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly checksums: readonly number[] | undefined;
}): Uint8Array<ArrayBuffer> {
  const { schema, rows, groups, metadata, checksums } = footer;
  const withMetadata = (entries: readonly (readonly [string, string])[]): ThriftStruct => {
    const fields: ThriftField[] = [
      // Version 2 of the format: readers take it as leave to meet the newer encodings.
      { id: FILE.version, type: I32, value: 2 },
      { id: FILE.schema, type: LIST, value: { of: STRUCT, items: schema } },
      { id: FILE.rows, type: I64, value: rows },
      { id: FILE.groups, type: LIST, value: { of: STRUCT, items: groups } },
    ];
    if (entries.length > 0) {
      fields.push({ id: FILE.metadata, type: LIST, value: { of: STRUCT, items: entries.map(keyValue) } });
    }
    fields.push({ id: FILE.createdBy, type: BINARY, value: Buffer.from(CREATED_BY) });
    const orders = schema.slice(1).map(() => TYPE_ORDER);
    fields.push({ id: FILE.columnOrders, type: LIST, value: { of: STRUCT, items: orders } });
    return { fields };
  };
  const entries = [...metadata];
  let bytes = writeStruct(withMetadata(entries));
  if (checksums !== undefined) {
    const unsigned = writeStruct(
      withMetadata([...entries, [CHECKSUMS_KEY, checksumText([...checksums, 0])]]),
    );
    const text = checksumText([...checksums, crc32(unsigned)]);
    bytes = writeStruct(withMetadata([...entries, [CHECKSUMS_KEY, text]]));
  }
  const whole = new Uint8Array(bytes.byteLength + TAIL_BYTES);
  whole.set(bytes);
  new DataView(whole.buffer).setUint32(bytes.byteLength, bytes.byteLength, true);
  whole.set(MAGIC, bytes.byteLength + 4);
  return whole;
}

/** ColumnMetaData of a chunk that was moved. What stands outside of the chunk (bloom filter) does not come along. */
function moved(meta: ThriftStruct, byBytes: number): ThriftStruct {
  return {
    fields: meta.fields
      .filter(({ id }) => id !== COLUMN.bloomAt && id !== COLUMN.bloomBytes)
      .map((field) =>
        PAGE_OFFSETS.includes(field.id) ? { ...field, value: (field.value as number) + byBytes } : field,
      ),
  };
}
