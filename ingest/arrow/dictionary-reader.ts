/**
 * Columns that refer to the entries of a dictionary. For a category, what an entry comes to is found once and not once a row; texts are
 * copied. An index that leads nowhere is a fault of the body.
 */

import { maxTextBytes } from "../../datasets/define.ts";
import { type MemoryViews, readInt64, readUint64 } from "../../runtime/batch/index.ts";
import { BodyFault } from "../decoder.ts";
import { TABLE_TEXT_BYTES, type TableColumn } from "../table.ts";
import type { TextCodeRules } from "../text-codes.ts";
import { appendValidity, type ColumnReader, isThere, type ReaderContext } from "./column-reader.ts";
import type { Dictionary } from "./dictionaries.ts";
import { NoText, textOf } from "./raw-value.ts";
import type { SourcePlace } from "./record-batch.ts";
import { type IntegerType, SOURCE_BYTES } from "./types.ts";

/**
 * Bytes of an entry that is read for a row by itself, or twice as many as the column takes. Any number of rows may refer to one entry: to read
 * one of megabytes for each of them would take hours.
 */
const LONGEST_READ = 4096;

/** Instead of a code. */
const REFUSED = -1;
const UNKNOWN = -2;

abstract class DictionaryReader implements ColumnReader {
  readonly place: SourcePlace = { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 };
  protected readonly context: ReaderContext;
  protected readonly dictionary: Dictionary;
  readonly #index: IntegerType;
  readonly #longestRead: number;

  /** @param maxBytes that the column takes, where it takes any text */
  constructor(context: ReaderContext, dictionary: Dictionary, index: IntegerType, maxBytes = 0) {
    this.context = context;
    this.dictionary = dictionary;
    this.#index = index;
    this.#longestRead = Math.max(LONGEST_READ, maxBytes * 2);
  }

  abstract append(column: TableColumn, from: number, count: number, to: number): BodyFault | undefined;

  raw(row: number): unknown {
    const { views, bytes } = this.context;
    if (!isThere(views.u8, this.place, row)) return undefined;
    const entry = this.entryOf(row);
    const { starts, ends } = this.dictionary;
    if (!(entry >= 0 && entry < starts.length)) return new NoText();
    if (this.dictionary.isMissing(entry)) return undefined;
    const length = ends[entry]! - starts[entry]!;
    if (length > this.#longestRead) return new NoText(`text of ${length} bytes`);
    return textOf(bytes, starts[entry]!, ends[entry]!);
  }

  protected get indexBytes(): number {
    return SOURCE_BYTES[this.#index];
  }

  /** The entry that a row refers to: any number, if it is not there. */
  protected entryOf(row: number): number {
    return elementOf(this.context.views, this.#index, this.place.dataAt, row);
  }

  protected fault({ name }: TableColumn, entry: number): BodyFault {
    return new BodyFault(
      `indexes of ${this.dictionary.length} dictionary entries in column ${name}`,
      `${entry}`,
    );
  }
}

export class CodeReader extends DictionaryReader {
  readonly #rules: TextCodeRules;
  /** By entry. */
  #codes = new Int16Array(0);
  #version = -1;

  constructor(context: ReaderContext, dictionary: Dictionary, index: IntegerType, rules: TextCodeRules) {
    super(context, dictionary, index);
    this.#rules = rules;
  }

  append(column: TableColumn, from: number, count: number, to: number): BodyFault | undefined {
    const { views, odd } = this.context;
    const { u8 } = views;
    const { own } = column;
    appendValidity(u8, this.place, own, from, count, to);
    this.#renew();
    const codes = this.#codes;
    const { length } = this.dictionary;
    const known = this.#copyKnown(own.dataAt + to, from, count);
    for (let row = known; row < count; row++) {
      const entry = this.entryOf(from + row);
      if (!(entry >= 0 && entry < length)) {
        if (isThere(u8, this.place, from + row)) return this.fault(column, entry);
        continue;
      }
      let code = codes[entry]!;
      if (code < 0) {
        if (!isThere(u8, this.place, from + row)) continue;
        if (this.dictionary.isMissing(entry)) {
          setMissing(u8, own, to + row);
          continue;
        }
        if (code === UNKNOWN) code = this.#look(entry);
        if (code === REFUSED) odd.add(to + row);
      }
      u8[own.dataAt + to + row] = code;
    }
    return undefined;
  }

  /** Writes codes for indexes of a byte, as long as they are known. @returns how many */
  #copyKnown(to: number, from: number, count: number): number {
    if (this.indexBytes !== 1) return 0;
    const { u8 } = this.context.views;
    const codes = this.#codes;
    const at = this.place.dataAt + from;
    for (let row = 0; row < count; row++) {
      // From 128 on it may be a negative one.
      const entry = u8[at + row]!;
      const code = entry < 128 && entry < codes.length ? codes[entry]! : UNKNOWN;
      if (code < 0) return row;
      u8[to + row] = code;
    }
    return count;
  }

  /** Forgets the codes of entries that are no more, and makes room for those that came. */
  #renew(): void {
    const { version, length } = this.dictionary;
    const isSame = version === this.#version;
    if (isSame && length <= this.#codes.length) return;
    // Twice as long where entries came behind those there are: a body may bring them one by one.
    const codes = new Int16Array(isSame ? Math.max(length, this.#codes.length * 2) : length).fill(UNKNOWN);
    if (isSame) codes.set(this.#codes);
    this.#codes = codes;
    this.#version = version;
  }

  #look(entry: number): number {
    const { starts, ends } = this.dictionary;
    const text = this.context.bytes.text(starts[entry]!, ends[entry]!);
    const code = text === undefined ? REFUSED : this.#rules.codeOf(text);
    this.#codes[entry] = code;
    return code;
  }
}

export class EntryReader extends DictionaryReader {
  readonly #maxBytes: number;

  constructor(context: ReaderContext, dictionary: Dictionary, index: IntegerType, column: TableColumn) {
    const maxBytes = maxTextBytes(column.spec);
    super(context, dictionary, index, maxBytes);
    this.#maxBytes = maxBytes;
  }

  room({ own }: TableColumn, from: number, count: number, to: number): number {
    let left = TABLE_TEXT_BYTES - this.context.views.i32[(own.dataAt >>> 2) + to]!;
    if (count * this.#maxBytes <= left) return count;
    for (let row = 0; row < count; row++) {
      const bytes = this.#bytesOf(this.entryOf(from + row));
      if (bytes <= this.#maxBytes) left -= bytes;
      if (left < 0) return row;
    }
    return count;
  }

  append(column: TableColumn, from: number, count: number, to: number): BodyFault | undefined {
    const { views, odd } = this.context;
    const { u8, i32 } = views;
    const { own } = column;
    const { starts, ends, length } = this.dictionary;
    appendValidity(u8, this.place, own, from, count, to);
    const offsets = (own.dataAt >>> 2) + to;
    let at = i32[offsets]!;
    for (let row = 0; row < count; row++) {
      if (isThere(u8, this.place, from + row)) {
        const entry = this.entryOf(from + row);
        if (!(entry >= 0 && entry < length)) return this.fault(column, entry);
        const start = starts[entry]!;
        const bytes = ends[entry]! - start;
        if (this.dictionary.isMissing(entry)) setMissing(u8, own, to + row);
        else if (bytes > this.#maxBytes || !this.dictionary.isText(u8, entry)) odd.add(to + row);
        else {
          u8.copyWithin(own.textAt + at, start, start + bytes);
          at += bytes;
        }
      }
      i32[offsets + row + 1] = at;
    }
    return undefined;
  }

  #bytesOf(entry: number): number {
    const { starts, ends, length } = this.dictionary;
    return entry >= 0 && entry < length ? ends[entry]! - starts[entry]! : 0;
  }
}

function setMissing(u8: Uint8Array, { validityAt }: TableColumn["own"], row: number): void {
  u8[validityAt + (row >>> 3)]! &= ~(1 << (row & 7));
}

function elementOf(
  { u8, u16, i32, u32 }: MemoryViews,
  type: IntegerType,
  dataAt: number,
  row: number,
): number {
  switch (SOURCE_BYTES[type]) {
    case 1:
      return type === "u8" ? u8[dataAt + row]! : (u8[dataAt + row]! << 24) >> 24;
    case 2:
      return type === "u16" ? u16[(dataAt >>> 1) + row]! : (u16[(dataAt >>> 1) + row]! << 16) >> 16;
    case 4:
      return type === "u32" ? u32[(dataAt >>> 2) + row]! : i32[(dataAt >>> 2) + row]!;
    default:
      return (type === "u64" ? readUint64 : readInt64)(i32, (dataAt >>> 2) + row * 2);
  }
}
