/**
 * Writes rows as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), a map each, one behind the other. A row says what
 * it would say as JSON: what is undefined is left out, NaN and infinities are nil, dates are text, half a surrogate pair is U+FFFD;
 * BigInts, which JSON has not, are decimal text.
 *
 * A program that does other work between two rows comes here with cold caches: what costs is less what is done than how much memory is
 * touched. So a row is read once, nothing is made of it, and the names of its columns, which are those of the row before, mostly, lie
 * encoded in one piece.
 */

import { Names } from "./row-names.ts";

/** Bytes of a row, at the most: with a whole batch before it, it is within what the server takes. */
export const ROW_BYTES = 2 ** 20;

const FIRST_BYTES = 16_384;
/** Room that is made for what is to come, at the most: a batch and a little more. */
const SPARE_BYTES = 1.125 * 2 ** 20;
/** Lists of names that are remembered, and characters of one. */
const MOST_NAMES = 64;
const MOST_NAME_CHARACTERS = 2 ** 14;
/** Values within values that are written: the server looks into none. */
const MOST_DEPTH = 32;
/** Characters of text that a loop writes faster than the encoder. */
const SHORT = 64;
/** Bytes of the head of a text, map or list; what a value takes at the most that is no long text, and what a name is written too far. */
const HEAD_BYTES = 5;
const VALUE_BYTES = HEAD_BYTES + SHORT;
const WORD_BYTES = 4;

const NIL = 0xc0;
const FALSE = 0xc2;
const FLOAT64 = 0xcb;
const INT32 = 0xd2;
const FIXSTR = 0xa0;
const STR8 = 0xd9;
const STR32 = 0xdb;
const ARRAY32 = 0xdd;
const MAP32 = 0xdf;

const encoder = new TextEncoder();

export class RowWriter {
  #names = new Names([]);
  readonly #known = new Map<string, Names>();
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #nextBytes = FIRST_BYTES;

  /** Bytes that were written and not taken. */
  get written(): number {
    return this.#at;
  }

  /** Takes back what was written behind a place. */
  rewind(at: number): void {
    this.#at = at;
  }

  /** Takes what was written, in memory that is not much larger: it may wait for long. */
  take(): Uint8Array<ArrayBuffer> {
    const isRoomy = this.#at < this.#bytes.length * 0.75;
    const taken = isRoomy ? this.#bytes.slice(0, this.#at) : this.#bytes.subarray(0, this.#at);
    // The next one will be as long, or so; and one that is short, as those at the end of a flush are, says little.
    this.#nextBytes = Math.max(FIRST_BYTES, this.#at + (this.#at >>> 3), this.#nextBytes >>> 1);
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#at = 0;
    return taken;
  }

  /** Writes a plain object without others in it. False: it is none, or has other names than it says, and nothing was written. */
  tryFlat(row: Readonly<Record<string, unknown>>): boolean {
    if (this.#tryNamed(row, this.#names)) return true;
    const names = Object.keys(row);
    const id = names.join("\n");
    // Names that never come again are not worth their memory.
    if (id.length > MOST_NAME_CHARACTERS) return false;
    let found = this.#known.get(id);
    if (found === undefined) {
      found = new Names(names);
      if (this.#known.size === MOST_NAMES) this.#known.clear();
      this.#known.set(id, found);
    }
    this.#names = found;
    return this.#tryNamed(row, found);
  }

  /** Writes what JSON.parse made. */
  writeJson(value: unknown, depth = 0): void {
    if (typeof value === "object" && value !== null && depth < MOST_DEPTH) {
      const isList = Array.isArray(value);
      const entries = Object.entries(value);
      this.#need(this.#at, HEAD_BYTES);
      this.#at = this.#putHead(this.#at, isList ? ARRAY32 : MAP32, entries.length);
      for (const [name, entry] of entries) {
        if (!isList) this.#at = this.#putText(this.#at, name);
        this.writeJson(entry, depth + 1);
      }
    } else if (typeof value === "string") {
      this.#at = this.#putText(this.#at, value);
    } else {
      this.#need(this.#at, VALUE_BYTES);
      const isNumber = typeof value === "number";
      this.#at = putNumber(this.#bytes, this.#view, this.#at, isNumber ? value : Number.NaN);
      if (typeof value === "boolean") this.#bytes[this.#at - 1] = FALSE + Number(value);
    }
  }

  #tryNamed(row: Readonly<Record<string, unknown>>, { names, words }: Names): boolean {
    const start = this.#at;
    this.#need(start, HEAD_BYTES);
    let bytes = this.#bytes;
    let view = this.#view;
    let at = start + HEAD_BYTES;
    let place = 0;
    let word = 0;
    let entries = 0;
    for (const key in row) {
      if (names[place++] !== key) return false;
      const nameBytes = words[word++]!;
      const nameEnd = word + ((nameBytes + WORD_BYTES - 1) >>> 2);
      let value = row[key];
      if (value === undefined || typeof value === "symbol") {
        word = nameEnd;
        continue;
      }
      if (at + nameBytes + VALUE_BYTES > bytes.length) {
        this.#need(at, nameBytes + VALUE_BYTES);
        bytes = this.#bytes;
        view = this.#view;
      }
      // What is written of the last word beyond the name, the value writes over.
      for (let to = at; word < nameEnd; word++, to += WORD_BYTES) view.setInt32(to, words[word]!, true);
      at += nameBytes;
      entries++;
      if (typeof value === "number") {
        at = putNumber(bytes, view, at, value);
        continue;
      }
      if (typeof value === "boolean" || value === null) {
        bytes[at++] = value === null ? NIL : value ? FALSE + 1 : FALSE;
        continue;
      }
      if (typeof value !== "string") {
        if (typeof value === "bigint") value = String(value);
        else if (value instanceof Date) value = value.toJSON();
        // An invalid date has no text, and JSON says the rest.
        if (typeof value !== "string") return false;
      }
      const behind = putShort(bytes, at, value);
      if (behind > at) {
        at = behind;
        continue;
      }
      if (at - start + value.length > ROW_BYTES) return false;
      at = this.#putText(at, value);
      bytes = this.#bytes;
      view = this.#view;
    }
    this.#putHead(start, MAP32, entries);
    this.#at = at;
    return true;
  }

  #putText(at: number, text: string): number {
    this.#need(at, HEAD_BYTES + text.length * 3);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at + HEAD_BYTES));
    return this.#putHead(at, STR32, written) + written;
  }

  #putHead(at: number, first: number, count: number): number {
    this.#bytes[at] = first;
    this.#view.setUint32(at + 1, count);
    return at + HEAD_BYTES;
  }

  /** Makes room for so many bytes, and the rest of a word, behind a place. */
  #need(at: number, count: number): void {
    const least = at + count + WORD_BYTES;
    if (least <= this.#bytes.length) return;
    const larger = new Uint8Array(
      Math.max(least + (least >>> 3), Math.min(this.#bytes.length * 4, SPARE_BYTES), this.#nextBytes),
    );
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** @returns the place behind it, as below */
function putNumber(bytes: Uint8Array, view: DataView, at: number, value: number): number {
  if ((value | 0) === value) {
    if (value >= 0 && value < 0x80) {
      bytes[at] = value;
      return at + 1;
    }
    bytes[at] = INT32;
    view.setInt32(at + 1, value);
    return at + 5;
  }
  if (!Number.isFinite(value)) {
    bytes[at] = NIL;
    return at + 1;
  }
  bytes[at] = FLOAT64;
  view.setFloat64(at + 1, value);
  return at + 9;
}

/** `at`: it is none, or not ASCII, and what was written means nothing. */
function putShort(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text;
  if (length > SHORT) return at;
  let from = at;
  if (length < 32) bytes[from++] = FIXSTR | length;
  else {
    bytes[from++] = STR8;
    bytes[from++] = length;
  }
  let all = 0;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    all |= unit;
    bytes[from + index] = unit;
  }
  return all < 0x80 ? from + length : at;
}
