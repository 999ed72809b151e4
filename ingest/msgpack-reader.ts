/** Reads MessagePack's maps into the table: keys to columns, values in the quick way, without any object. */

import type { BodyBytes } from "./body-bytes.ts";
import type { BodyPlace } from "./decoder.ts";
import { FALSE, FLOAT32, INT64, NIL, STR8, STR32, TRUE, UINT64 } from "./msgpack-bytes.ts";
import type { MsgpackColumns } from "./msgpack-columns.ts";
import { MsgpackValues, NUMBER_BYTES } from "./msgpack-values.ts";
import type { RowBuilder } from "./row-builder.ts";
import type { TextCodes } from "./text-codes.ts";

const TWO_32 = 4294967296;

export class MsgpackReader extends MsgpackValues {
  readonly #columns: MsgpackColumns;

  constructor(bytes: BodyBytes, body: BodyPlace, columns: MsgpackColumns) {
    super(bytes, body);
    this.#columns = columns;
  }

  /** Reads a key. @returns the column it names, -1: none */
  tryKey(guess: number): number {
    const { u8 } = this.bytes;
    const first = u8[this.at]!;
    let from = this.at + 1;
    let length: number;
    if ((first & 0xe0) === 0xa0) length = first & 0x1f;
    else if (first === STR8) length = u8[from++]!;
    else return -1;
    if (from + length > this.end) return -1;
    this.at = from + length;
    return this.#columns.named(u8, from, length, guess);
  }

  /** Reads a value into a column. False: it does not go in as it is, or the body ends. */
  put(builder: RowBuilder, index: number, codes: TextCodes | undefined): boolean {
    const { u8, view } = this.bytes;
    let at = this.at;
    if (at >= this.end) return false;
    const first = u8[at++]!;
    if (first < 0x80 || first >= 0xe0) {
      this.at = at;
      return builder.setNumber(index, (first << 24) >> 24);
    }
    if (first >= FLOAT32 && first <= INT64) {
      const next = at + NUMBER_BYTES[first - FLOAT32]!;
      if (next > this.end) return false;
      this.at = next;
      if (first !== UINT64) return builder.setNumber(index, this.number(first, at));
      const [high, low] = [view.getUint32(at), view.getUint32(at + 4)];
      return high < 0x200000
        ? builder.setNumber(index, high * TWO_32 + low)
        : builder.setWide(index, high, low);
    }
    if ((first >= 0xa0 && first <= 0xbf) || (first >= STR8 && first <= STR32)) {
      let length = first & 0x1f;
      if (first >= STR8) {
        length = this.length(first - STR8, at);
        at += 1 << (first - STR8);
      }
      // Also when the length itself is cut: what is read of it then is beyond the end, and so is the text.
      if (at + length > this.end) return false;
      this.at = at + length;
      return this.#putText(builder, index, codes, at, at + length);
    }
    if (first === NIL) {
      this.at = at;
      builder.setMissing(index);
      return true;
    }
    if (first === TRUE || first === FALSE) {
      this.at = at;
      return builder.setBool(index, first === TRUE);
    }
    if (this.#columns.types[index] !== "timestamp") return false;
    const moment = this.value(false, true);
    return typeof moment === "number" && builder.setNumber(index, moment);
  }

  #putText(
    builder: RowBuilder,
    index: number,
    codes: TextCodes | undefined,
    from: number,
    to: number,
  ): boolean {
    if (codes !== undefined) {
      const code = codes.codeOf(from, to);
      return code >= 0 && builder.setCode(index, code);
    }
    if (this.#columns.types[index] !== "timestamp") return builder.setText(index, from, to);
    return builder.setNumber(index, this.bytes.moment(from, to));
  }
}
