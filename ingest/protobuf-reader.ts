/** Reads Protobuf's fields. Nothing beyond `end` is read; what would is refused. */

import type { BodyBytes } from "./body-bytes.ts";
import { FIXED32, FIXED64, LENGTH, VARINT } from "./proto-schema.ts";

const START_GROUP = 3;
const END_GROUP = 4;
/** As deep as official readers go. */
const MAX_DEPTH = 100;
/** Bytes of the longest varint. */
const MAX_VARINT_BYTES = 10;
const MAX_FIELD = 2 ** 29 - 1;
const TWO_32 = 4294967296;

export class ProtobufReader {
  /** Byte of the memory that is read next, and that where it ends. */
  at = 0;
  end = 0;
  /** What the tag that was read last says. */
  field = 0;
  wireType = 0;
  /** Halves of the varint that was read last, unsigned. */
  low = 0;
  high = 0;
  readonly bytes: BodyBytes;

  constructor(bytes: BodyBytes) {
    this.bytes = bytes;
  }

  tryTag(): boolean {
    if (!this.tryVarint() || this.high !== 0) return false;
    this.field = this.low >>> 3;
    this.wireType = this.low & 7;
    return this.field >= 1 && this.field <= MAX_FIELD;
  }

  tryVarint(): boolean {
    const { u8 } = this.bytes;
    let { at } = this;
    const end = Math.min(this.end, at + MAX_VARINT_BYTES);
    let low = 0;
    let high = 0;
    for (let shift = 0; at < end; shift += 7) {
      const byte = u8[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        // Of the tenth byte, only the first bit is one of 64.
        if (shift === 63 && bits > 1) return false;
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.at = at;
        return true;
      }
    }
    return false;
  }

  /** The varint that was read last, as an unsigned number; beyond 2^53 the nearest double. */
  number(): number {
    return this.high * TWO_32 + this.low;
  }

  /** The same as a signed one. */
  signed(): number {
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** Passes over the value of the field whose tag was read last. */
  trySkip(): boolean {
    if (this.wireType !== START_GROUP) return this.#trySkipOne();
    const open = [this.field];
    while (open.length > 0) {
      if (!this.tryTag()) return false;
      if (this.wireType === START_GROUP) {
        if (open.push(this.field) > MAX_DEPTH) return false;
      } else if (this.wireType === END_GROUP) {
        if (open.pop() !== this.field) return false;
      } else if (!this.#trySkipOne()) {
        return false;
      }
    }
    return true;
  }

  /** Moves behind so many bytes. False: they are not there. */
  tryMove(bytes: number): boolean {
    if (this.at + bytes > this.end) return false;
    this.at += bytes;
    return true;
  }

  #trySkipOne(): boolean {
    switch (this.wireType) {
      case VARINT:
        return this.tryVarint();
      case FIXED64:
        return this.tryMove(8);
      case FIXED32:
        return this.tryMove(4);
      case LENGTH:
        return this.tryVarint() && this.tryMove(this.number());
      default:
        return false;
    }
  }
}
