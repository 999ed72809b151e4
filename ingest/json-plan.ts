/**
 * What the kernel jsonRows knows of a table: which keys there are, what each column takes, where its values go. It is written once for a
 * table, into room of the table's own, and used for every body.
 *
 * In memory, all little-endian (wasm/kernels/json-layout.ts has the same figures):
 *
 *     head     u32: place in the body, next row, whether the body is an array, rows that the table has room for, bytes that a row may have,
 *              columns, text columns, where the list of them lies, set of keys, room for text; at 60 the column that is expected first
 *     columns  64 bytes each: u32 what it takes, data, validity, text; u32 longest text, u32 code of any other text (or u64 the largest
 *              number that may come as text); f64 smallest and largest number; u32 where its key lies, in how many chunks, of how many
 *              bytes; u32 set of its values; at 60 the column that is expected next
 *     list     u32 a text column: where its offsets lie
 *     keys     chunks of 16 bytes of `"name":`, and 16 bytes of which bits count
 *     sets     of names, as the kernel jsonName makes them
 *     bytes    of the names in the sets
 *
 * The kernel looks at no text but what is in the declaration: of any other it keeps nothing.
 */

import {
  boundsOf,
  type ColumnSpec,
  fullBoundsOf,
  isTextualCategory,
  maxCharacters,
  typeBounds,
} from "../datasets/column.ts";
import { maxTextBytes } from "../datasets/define.ts";
import { OTHER_PLACE } from "../datasets/places.ts";
import type { ColumnType } from "../runtime/batch/index.ts";
import type { Kernels } from "../wasm/index.ts";
import { arrange, CHUNK_BYTES, COLUMN_BYTES, chunksOf, keyOf, type NameSet } from "./json-plan-layout.ts";
import { type PushTable, TABLE_ROWS, TABLE_TEXT_BYTES, type TableColumn } from "./table.ts";

/** Longest row that is read, in bytes: of lines with the blanks around it, of an array without. */
export const MAX_ROW_BYTES = 1 << 20;

const NO_CODE = 0xffff_ffff;

const AT = 0;
const ROW = 4;
const IS_ARRAY = 8;
const NEXT = 60;

/** What a column takes, as a number: a place; others by type. */
const PLACE = 12;
const TAKES: Readonly<Record<ColumnType, number>> = {
  f64: 0,
  f32: 1,
  u8: 2,
  u16: 3,
  u32: 4,
  i32: 5,
  u64: 6,
  i64: 7,
  timestamp: 8,
  bool: 9,
  category: 10,
  utf8: 11,
};

export class JsonPlan {
  /** Where it lies. */
  readonly at: number;
  readonly #u32: Uint32Array;

  /** Writes the plan of a table into the table's room for it. */
  constructor(kernels: Kernels, table: PushTable) {
    this.at = table.jsonAt;
    this.#u32 = new Uint32Array(kernels.memory.buffer);
    writePlan(kernels, table);
  }

  /** Where the kernel goes on, and where it stopped: a byte offset into the memory. */
  get place(): number {
    return this.#u32[(this.at + AT) >>> 2]!;
  }

  /** Rows that the table has. */
  get rows(): number {
    return this.#u32[(this.at + ROW) >>> 2]!;
  }

  /** Before each call of the kernel. */
  set(place: number, rows: number, isArray: boolean): void {
    const head = this.at >>> 2;
    this.#u32[head + AT / 4] = place;
    this.#u32[head + ROW / 4] = rows;
    this.#u32[head + IS_ARRAY / 4] = isArray ? 1 : 0;
  }
}

function writePlan(kernels: Kernels, table: PushTable): void {
  const { columns, jsonAt: base } = table;
  const arrangement = arrange(columns.map(({ name, spec }) => [name, spec]));
  const view = new DataView(kernels.memory.buffer, base, arrangement.bytes);
  const bytes = new Uint8Array(kernels.memory.buffer, base, arrangement.bytes).fill(0);
  const texts = columns.filter(({ type }) => type === "utf8");
  const { listAt, keys } = arrangement;
  const head = [0, 0, 0, TABLE_ROWS, MAX_ROW_BYTES, columns.length, texts.length, base + listAt];
  writeWords(view, 0, [...head, base + keys.at, TABLE_TEXT_BYTES]);
  view.setUint32(NEXT, base + COLUMN_BYTES, true);
  writeWords(
    view,
    listAt,
    texts.map(({ own }) => own.dataAt),
  );
  const writeSet = (set: NameSet): void => {
    view.setUint32(set.at, set.places - 1, true);
    for (const { at, bytes: name, value } of set.names) {
      bytes.set(name, at);
      kernels.jsonName(base + set.at, base + at, name.length, value);
    }
  };
  writeSet(keys);
  columns.forEach((column, index) => {
    const at = COLUMN_BYTES * (index + 1);
    const keyAt = arrangement.keysAt[index]!;
    const values = arrangement.values[index];
    writeColumn(view, at, column);
    const key = keyOf(column.name);
    bytes.set(key, keyAt);
    spreadKey(bytes, keyAt, key.length);
    view.setUint32(at + 40, base + keyAt, true);
    view.setUint32(at + 44, chunksOf(key), true);
    view.setUint32(at + 48, key.length, true);
    view.setUint32(at + NEXT, base + COLUMN_BYTES * (index + 1 < columns.length ? index + 2 : 1), true);
    if (values === undefined) return;
    writeSet(values);
    view.setUint32(at + 52, base + values.at, true);
  });
}

function writeWords(view: DataView, at: number, words: readonly number[]): void {
  for (const [index, word] of words.entries()) view.setUint32(at + index * 4, word, true);
}

function writeColumn(view: DataView, at: number, { own, spec, type }: TableColumn): void {
  writeWords(view, at, [
    spec.class === "place" ? PLACE : TAKES[type],
    own.dataAt,
    own.validityAt,
    own.textAt,
  ]);
  if (type === "u64" || type === "i64") {
    view.setBigUint64(at + 16, fullBoundsOf(unbounded(spec), type)[1], true);
  } else if (type === "utf8") {
    view.setUint32(at + 16, longestText(spec), true);
  } else if (isTextualCategory(spec)) {
    view.setUint32(at + 16, maxCharacters(spec)!, true);
    view.setUint32(at + 20, spec.values.indexOf(spec.class === "place" ? OTHER_PLACE : spec.otherwise), true);
  } else if (type === "category") {
    view.setUint32(at + 20, NO_CODE, true);
  }
  // Bounds are looked at by column, later; but float32 is rounded on the way into the table, and might cross them.
  const [min, max] = type === "f32" ? boundsOf(spec) : typeBounds(type);
  view.setFloat64(at + 24, min, true);
  view.setFloat64(at + 32, max, true);
}

/** In bytes. What is longer may still be short enough, in characters: the validator says. */
function longestText(spec: ColumnSpec): number {
  const characters =
    spec.class === "identifier" ? (maxCharacters(spec) ?? TABLE_TEXT_BYTES) : TABLE_TEXT_BYTES;
  return Math.min(maxTextBytes(spec), characters, TABLE_TEXT_BYTES);
}

/** What its type holds, whatever its declaration says: bounds are looked at by column, later. */
function unbounded(spec: ColumnSpec): ColumnSpec {
  const { min: _min, max: _max, ...rest } = spec as { min?: number; max?: number } & ColumnSpec;
  return rest as ColumnSpec;
}

/** From the key's bytes on end makes chunks, each with its mask behind it. */
function spreadKey(bytes: Uint8Array, at: number, length: number): void {
  for (let chunk = Math.ceil(length / CHUNK_BYTES) - 1; chunk >= 0; chunk--) {
    const from = at + chunk * CHUNK_BYTES;
    const to = at + chunk * CHUNK_BYTES * 2;
    const count = Math.min(CHUNK_BYTES, length - chunk * CHUNK_BYTES);
    bytes.copyWithin(to, from, from + CHUNK_BYTES);
    bytes.fill(0, to + CHUNK_BYTES, to + CHUNK_BYTES * 2);
    bytes.fill(0xff, to + CHUNK_BYTES, to + CHUNK_BYTES + count);
    bytes.fill(0, to + count, to + CHUNK_BYTES);
  }
}
