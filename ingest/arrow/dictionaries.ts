/**
 * The dictionaries of a stream: texts that columns refer to by number. One may come again, in the place of the one before it, or as a
 * delta, behind its entries.
 */

import { bitAt } from "../../runtime/batch/bits.ts";
import { type MemoryViews, readInt64 } from "../../runtime/batch/index.ts";
import type { BodyFault } from "../decoder.ts";
import { isUtf8 } from "../utf8-check.ts";
import type { FlatBuffer } from "./flat-buffer.ts";
import type { Message, Messages } from "./messages.ts";
import type { BatchReader, SourcePlace } from "./record-batch.ts";
import type { TextType } from "./types.ts";

/** Entries that a dictionary has at the most. */
const MAX_ENTRIES = 2 ** 18;

/** Slots of the table DictionaryBatch. */
const ID = 4;
const DATA = 6;
const IS_DELTA = 8;

/** Entries of one dictionary: where each text begins and ends in the memory. */
export class Dictionary {
  readonly id: number;
  readonly values: TextType;
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Changes when entries do, other than by more of them. */
  version = 0;

  constructor(id: number, values: TextType) {
    this.id = id;
    this.values = values;
  }

  get length(): number {
    return this.starts.length;
  }

  isMissing(entry: number): boolean {
    return this.starts[entry]! < 0;
  }

  /** Whether the entry's bytes are whole UTF-8. One that is missing has none. */
  isText(u8: Uint8Array, entry: number): boolean {
    return isUtf8(u8, this.starts[entry]!, this.ends[entry]!);
  }
}

export class Dictionaries {
  readonly #messages: Messages;
  readonly #flat: FlatBuffer;
  readonly #reader: BatchReader;
  readonly #views: MemoryViews;
  readonly #byId = new Map<number, Dictionary>();
  readonly #place: SourcePlace = { rows: 0, validityAt: 0, dataAt: 0, textAt: 0 };

  constructor(messages: Messages, flat: FlatBuffer, reader: BatchReader, views: MemoryViews) {
    this.#messages = messages;
    this.#flat = flat;
    this.#reader = reader;
    this.#views = views;
  }

  /** The dictionary of that id, empty until it comes. */
  get(id: number, values: TextType): Dictionary {
    let dictionary = this.#byId.get(id);
    if (dictionary === undefined) {
      dictionary = new Dictionary(id, values);
      this.#byId.set(id, dictionary);
    }
    return dictionary;
  }

  /** Takes a message of the kind DICTIONARY_BATCH. */
  read(message: Message, maxRows: number): BodyFault | undefined {
    const flat = this.#flat;
    const { header, at } = message;
    const id = flat.i64(header, ID);
    const batch = flat.table(header, DATA);
    const isDelta = flat.u8(header, IS_DELTA) !== 0;
    if (flat.isBroken) return this.#messages.broken(at);
    const dictionary = this.#byId.get(id);
    if (dictionary === undefined) {
      return this.#messages.fault("dictionaries of columns that the schema has", "one of no column", at);
    }
    const reader = this.#reader;
    const fault =
      reader.open(message, batch, maxRows) ??
      reader.take(dictionary.values, "of a dictionary", this.#place) ??
      reader.end();
    if (fault !== undefined) return fault;
    if (!isDelta) {
      dictionary.starts.length = 0;
      dictionary.ends.length = 0;
      dictionary.version++;
    }
    const entries = dictionary.length + this.#place.rows;
    if (entries > MAX_ENTRIES)
      return this.#messages.fault(`at most ${MAX_ENTRIES} entries in a dictionary`, `${entries}`, at);
    this.#append(dictionary);
    return undefined;
  }

  #append({ values, starts, ends }: Dictionary): void {
    const { rows, validityAt, dataAt, textAt } = this.#place;
    const { u8, i32 } = this.#views;
    const words = dataAt >>> 2;
    const offset =
      values === "utf8"
        ? (index: number) => i32[words + index]!
        : (index: number) => readInt64(i32, words + index * 2);
    for (let row = 0; row < rows; row++) {
      const isThere = validityAt === 0 || bitAt(u8, validityAt, row);
      starts.push(isThere ? textAt + offset(row) : -1);
      ends.push(isThere ? textAt + offset(row + 1) : -1);
    }
  }
}
