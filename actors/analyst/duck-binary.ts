/**
 * DuckDB's WebAssembly with fewer exports. Its module exports every C++ function it has, 72 000 of 75 000 names, for extensions that
 * are linked to it while it runs. None ever is (duck.ts), yet at each start a runtime made a function object of every one, and
 * Emscripten's loader gave each that had none a place in the table, growing it by one each time: half of a start, and 60 to 100 MB.
 *
 * The exports go from the bytes in place, by https://webassembly.github.io/spec/core/binary/modules.html: those that stay move
 * together, and a custom section, which means nothing, fills up what comes free. No other section moves or changes: what the module
 * itself calls, and what its table holds, is not called by these names. Were one that stays away missed after all,
 * the loader would throw for a symbol that it looks for, and JavaScript for a function that it calls.
 */

const HEADER_BYTES = 8;
const CUSTOM = 0;
const EXPORTS = 7;
const MAX_NUMBER_BYTES = 5;
const MAGIC = "\0asm\x01\0\0\0";
/** C++ names (Itanium ABI), and Emscripten's name for one whose 64-bit values it has split. Nothing in JavaScript asks for either. */
const INNER = ["_Z", "orig$_Z"].map((start) => Uint8Array.from(start, (letter) => letter.charCodeAt(0)));

/**
 * Takes the exports of C++ names out of a WebAssembly module, in place; its length stays.
 * @throws Error when the bytes are no WebAssembly module, or its sections do not add up
 */
export function dropInnerExports(module: Uint8Array): void {
  if (String.fromCharCode(...module.subarray(0, HEADER_BYTES)) !== MAGIC)
    throw new Error("expected a WebAssembly module of version 1");
  const cursor = new Cursor(module, HEADER_BYTES);
  while (cursor.at < module.byteLength) {
    const id = cursor.byte();
    const sizeAt = cursor.at;
    const size = cursor.number();
    const end = cursor.at + size;
    if (end > module.byteLength) throw new Error("a section of the WebAssembly module goes beyond its end");
    if (id === EXPORTS) shrink(cursor, sizeAt, end);
    cursor.at = end;
  }
}

/** Reads what modules are made of. */
class Cursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new Error("the WebAssembly module ends in the middle");
    return value;
  }

  /** An unsigned LEB128 of up to 32 bits. */
  number(): number {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
}

/** Rewrites the export section whose size stands at `sizeAt`; the cursor is behind that. */
function shrink(cursor: Cursor, sizeAt: number, end: number): void {
  const { bytes } = cursor;
  const bodyAt = cursor.at;
  const count = cursor.number();
  const entriesAt = cursor.at;
  let kept = 0;
  let keptEnd = entriesAt;
  for (let n = 0; n < count; n++) {
    const entryAt = cursor.at;
    const nameBytes = cursor.number();
    const nameAt = cursor.at;
    cursor.at += nameBytes;
    cursor.byte();
    cursor.number();
    if (INNER.some((start) => beginsWith(bytes, nameAt, start))) continue;
    bytes.copyWithin(keptEnd, entryAt, cursor.at);
    keptEnd += cursor.at - entryAt;
    kept++;
  }
  if (cursor.at !== end) throw new Error("the exports of the WebAssembly module do not fill their section");
  if (kept === count) return;
  write(bytes, sizeAt, bodyAt, keptEnd - bodyAt);
  write(bytes, bodyAt, entriesAt, kept);
  // At least five bytes came free; an id, a size and a name of no letters take three.
  bytes[keptEnd] = CUSTOM;
  const nameAt = keptEnd + 1 + Math.min(MAX_NUMBER_BYTES, end - keptEnd - 2);
  write(bytes, keptEnd + 1, nameAt, end - nameAt);
  bytes[nameAt] = 0;
}

function beginsWith(bytes: Uint8Array, at: number, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[at + index] === byte);
}

/** A LEB128 as long as the room from `from` to `to`: leading zeros are allowed. */
function write(bytes: Uint8Array, from: number, to: number, value: number): void {
  let rest = value;
  for (let at = from; at < to; at++) {
    bytes[at] = (rest & 127) | (at < to - 1 ? 128 : 0);
    rest >>>= 7;
  }
}
