/**
 * Decodes one row group. Its column chunks, and a footer that lists them alone, are a Parquet file of their own, which the
 * library decodes into its memory. From there each column is copied once, in the layout of our batches, and the library's
 * memory is given back before this returns.
 */

import type { TableShape } from "../../../datasets/shape.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { areSet, copyBits } from "../../../runtime/batch/bits.ts";
import {
  type Column,
  concatBytes,
  ELEMENT_BYTES,
  type FieldSpec,
  fillElements,
  type PublicBatch,
} from "../../../runtime/batch/index.ts";
import { StoreDamaged } from "../store-damaged.ts";
import { ParquetAssembler } from "./assembler.ts";
import { FORMATS, ForeignArray, ForeignMemory } from "./c-data.ts";
import { DecodedBatch, fillNull, zeroNulls } from "./decoded-batch.ts";
import { parquetLibrary } from "./load-parquet.ts";
import type { RawChunk } from "./parquet-file.ts";
import { ARROW_SCHEMA_KEY, arrowSchemaText, schemaOf } from "./schema.ts";

/** Codes are a byte. */
const CODES = 256;
/** One that no value of a category has: a list has at most 255. */
const NO_CODE = 255;

/** A column that is wanted. */
export interface WantedColumn {
  /** Where it goes: a column of the shape's plan. */
  readonly to: Column;
  /** As its file declares it; undefined when the file does not have it. */
  readonly from: FieldSpec | undefined;
  /** What it has where the file does not have it; undefined: it is null then. */
  readonly earlier?: number | undefined;
}

/**
 * Decodes a row group.
 * @param chunks of the wanted columns that the file has, in their order
 * @param buffer where the rows go, of at least `decodedBytes`
 * @param what it is, for the messages of errors
 * @throws StoreDamaged when a chunk does not hold what its file says
 */
export function decodeGroup(
  shape: TableShape,
  wanted: readonly WantedColumn[],
  rows: number,
  chunks: readonly RawChunk[],
  buffer: ArrayBuffer,
  what: string,
): PublicBatch {
  const columns = wanted.map(({ to }) => to);
  const batch = new DecodedBatch(shape.plan, columns, rows, buffer);
  const fields = wanted.flatMap(({ from }) => (from === undefined ? [] : [from]));
  for (const { to, from, earlier } of wanted) {
    if (from !== undefined) continue;
    if (earlier === undefined) fillNull(batch, to);
    else fillElements(batch.views, batch.dataAt(to), to.type, rows, earlier);
  }
  if (fields.length === 0 || rows === 0) return batch;
  const decoded = decode(smallFile(fields, rows, chunks), rows, what);
  try {
    if (decoded.numArrays() !== 1) throw new StoreDamaged(`${what} does not hold ${rows} rows`);
    const [arrayAt, schemaAt] = [decoded.arrayAddr(0), decoded.schemaAddr()];
    // Not before: the library's memory becomes another buffer whenever it grows.
    const memory = new ForeignMemory((parquetLibrary().wasmMemory() as WebAssembly.Memory).buffer);
    const array = new ForeignArray(memory, arrayAt);
    if (array.length !== rows) throw new StoreDamaged(`${what} does not hold ${rows} rows`);
    const present = wanted.filter(({ from }) => from !== undefined);
    for (const [index, { to }] of present.entries()) {
      if (memory.childFormat(schemaAt, index) !== FORMATS[to.type]) {
        throw new Error(`the library decoded column ${to.name} as another type`);
      }
      copyColumn(memory.u8, array.child(index), batch, to, `column ${to.name} of ${what}`);
    }
  } finally {
    decoded.free();
  }
  return batch;
}

/** A Parquet file of nothing but these chunks. */
function smallFile(fields: readonly FieldSpec[], rows: number, chunks: readonly RawChunk[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const options = { schema: schemaOf(fields), checksums: false };
  const assembler = new ParquetAssembler(options, (bytes) => parts.push(bytes));
  assembler.addGroup(rows, chunks);
  assembler.end(new Map([[ARROW_SCHEMA_KEY, arrowSchemaText(fields)]]));
  return concatBytes(parts);
}

function decode(file: Uint8Array, rows: number, what: string) {
  const library = parquetLibrary();
  try {
    return library.readParquet(file, { batchSize: rows }).intoFFI();
  } catch (cause) {
    throw new StoreDamaged(`${what} cannot be decoded`, { cause });
  }
}

function copyColumn(
  from: Uint8Array,
  array: ForeignArray,
  batch: DecodedBatch,
  to: Column,
  what: string,
): void {
  const { u8 } = batch.views;
  const { rows } = batch;
  const { offset } = array;
  const [validity, data] = [array.buffer(0), array.buffer(1)];
  const target = batch.dataAt(to);
  const width = ELEMENT_BYTES[to.type];
  if (width === 0) copyBits(from, data * 8 + offset, u8, target * 8, rows);
  else u8.set(from.subarray(data + offset * width, data + (offset + rows) * width), target);
  if (to.validity >= 0) {
    const validityAt = batch.validityAt(to);
    if (validity === 0) u8.fill(0xff, validityAt, validityAt + alignUp(rows, 8) / 8);
    else copyBits(from, validity * 8 + offset, u8, validityAt * 8, rows);
  } else if (validity !== 0 && !areSet(from, validity * 8 + offset, rows)) {
    throw new StoreDamaged(`${what} has values that are missing, which it may not`);
  }
  if (to.type === "category") toCodes(codesOf(from, array.dictionary, to), batch, to, what);
  if (validity !== 0 && to.validity >= 0) zeroNulls(batch, to);
}

/** Codes of the file's own list become those of the column's. */
function toCodes(codes: Uint8Array, batch: DecodedBatch, to: Column, what: string): void {
  const { u8 } = batch.views;
  const at = batch.dataAt(to);
  for (let row = 0; row < batch.rows; row++) {
    const code = codes[u8[at + row]!]!;
    if (code !== NO_CODE) u8[at + row] = code;
    else if (batch.isValid(to, row)) throw new StoreDamaged(`${what} has a value that it may not have`);
  }
}

/** For each value of the file's list, its place in the column's, or NO_CODE. */
function codesOf(from: Uint8Array, list: ForeignArray, { values = [] }: Column): Uint8Array {
  const { length, offset } = list;
  const view = new DataView(from.buffer, list.buffer(1) + offset * 4, (length + 1) * 4);
  const text = list.buffer(2);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const codes = new Uint8Array(CODES).fill(NO_CODE);
  for (let index = 0; index < Math.min(length, CODES); index++) {
    const [start, end] = [view.getInt32(index * 4, true), view.getInt32(index * 4 + 4, true)];
    const code = values.indexOf(decoder.decode(from.subarray(text + start, text + end)));
    if (code >= 0) codes[index] = code;
  }
  return codes;
}
