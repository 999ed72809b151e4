/**
 * The tables of Arrow's messages, as FlatBuffers: which fields we write, and in which slot each stands
 * (https://github.com/apache/arrow/tree/main/format: Schema.fbs, Message.fbs, File.fbs).
 *
 * By hand rather than by the classes that are generated of these files: of their sixty modules, which every thread loads when it starts, we
 * need sixty numbers.
 */

import type { Builder } from "flatbuffers";

/** Kinds of message headers, and of types. */
export const HEADER = { schema: 1, dictionaryBatch: 2, recordBatch: 3 } as const;
export const TYPE = { int: 2, floatingPoint: 3, utf8: 5, bool: 6, timestamp: 10 } as const;
export const METADATA_V5 = 4;
export const PRECISION = { single: 1, double: 2 } as const;
export const MILLISECOND = 1;

export const MESSAGE = { version: 0, headerType: 1, header: 2, bodyLength: 3 } as const;
export const SCHEMA = { fields: 1, metadata: 2 } as const;
export const FIELD = { name: 0, nullable: 1, typeType: 2, type: 3, dictionary: 4, children: 5 } as const;
export const DICTIONARY_ENCODING = { id: 0, indexType: 1 } as const;
export const INT = { bitWidth: 0, isSigned: 1 } as const;
export const FLOATING_POINT = { precision: 0 } as const;
export const TIMESTAMP = { unit: 0, timezone: 1 } as const;
export const DICTIONARY_BATCH = { id: 0, data: 1 } as const;
export const RECORD_BATCH = { length: 0, nodes: 1, buffers: 2 } as const;
export const KEY_VALUE = { key: 0, value: 1 } as const;
export const FOOTER = { version: 0, schema: 1, dictionaries: 2, recordBatches: 3, metadata: 4 } as const;

/** A field that is written: its slot, its type, its value. `at` is where a string, vector or table of the same buffer lies. */
export type Put =
  | readonly [slot: number, type: "u8" | "i16" | "i32" | "at", value: number]
  | readonly [slot: number, type: "i64", value: bigint];

const SLOT_BYTES = 2;
/** A vtable's own size and its table's, in front of the slots. */
const VTABLE_HEAD_BYTES = 4;

/** Writes a table. Defaults are all zero; they are left out unless the builder is told otherwise. @returns where it lies */
export function putTable(builder: Builder, ...puts: readonly Put[]): number {
  builder.startObject(puts.reduce((slots, [slot]) => Math.max(slots, slot + 1), 0));
  for (const put of puts) {
    switch (put[1]) {
      case "u8":
        builder.addFieldInt8(put[0], put[2], 0);
        break;
      case "i16":
        builder.addFieldInt16(put[0], put[2], 0);
        break;
      case "i32":
        builder.addFieldInt32(put[0], put[2], 0);
        break;
      case "i64":
        builder.addFieldInt64(put[0], put[2], 0n);
        break;
      case "at":
        builder.addFieldOffset(put[0], put[2], 0);
        break;
    }
  }
  return builder.endObject();
}

/** Writes a vector of tables or strings that lie in the buffer already. @returns where it lies */
export function putVector(builder: Builder, places: readonly number[]): number {
  builder.startVector(4, places.length, 4);
  // Vectors are built back to front.
  for (const place of places.toReversed()) builder.addOffset(place);
  return builder.endVector();
}

/** A slot as vtables count it: the distance from their beginning. */
export function vtableSlot(slot: number): number {
  return VTABLE_HEAD_BYTES + slot * SLOT_BYTES;
}
