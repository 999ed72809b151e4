/** Reads CSV field by field, whatever is in them: the way that is slow and right. */

import type { BodyBytes } from "./body-bytes.ts";
import { BodyFault, type BodyPlace } from "./decoder.ts";

const COMMA = 44;
const LINE_FEED = 10;
const RETURN = 13;
const QUOTE = 34;
const MARK = [0xef, 0xbb, 0xbf];

export class CsvFields {
  /** Byte that the next field begins at. */
  at: number;
  /** Of the field that was read last: whether it is empty and not quoted; whether a quote stands where none may. */
  isMissing = false;
  isOdd = false;
  readonly #bytes: BodyBytes;
  readonly #start: number;
  readonly #end: number;
  #from = 0;
  #to = 0;
  #hasDoubled = false;

  /** Begins behind the byte order mark, if there is one. */
  constructor(bytes: BodyBytes, body: BodyPlace) {
    const { u8 } = bytes;
    this.#bytes = bytes;
    this.#start = body.at;
    this.#end = body.at + body.bytes;
    const isMarked = body.bytes >= MARK.length && MARK.every((byte, index) => u8[body.at + index] === byte);
    this.at = isMarked ? body.at + MARK.length : body.at;
  }

  /** Moves behind a field and what ends it. `last`: that was a line's end, or the body's. */
  next(): "more" | "last" | BodyFault {
    const { u8 } = this.#bytes;
    const end = this.#end;
    let at = this.at;
    this.isOdd = false;
    this.#hasDoubled = false;
    const isQuoted = at < end && u8[at] === QUOTE;
    if (isQuoted) {
      const open = at++;
      this.#from = at;
      for (; ; at++) {
        if (at >= end) return new BodyFault("a closing quote", "the end of the body", open - this.#start);
        if (u8[at] !== QUOTE) continue;
        if (at + 1 >= end || u8[at + 1] !== QUOTE) break;
        this.#hasDoubled = true;
        at++;
      }
      this.#to = at++;
    } else {
      this.#from = at;
    }
    const rest = at;
    for (; at < end && u8[at] !== COMMA && u8[at] !== LINE_FEED; at++)
      if (u8[at] === QUOTE) this.isOdd = true;
    const isLast = at >= end || u8[at] === LINE_FEED;
    const to = at > rest && at < end && u8[at] === LINE_FEED && u8[at - 1] === RETURN ? at - 1 : at;
    if (isQuoted) this.isOdd = to > rest;
    else this.#to = to;
    this.isMissing = !isQuoted && this.#to === this.#from;
    this.at = at < end ? at + 1 : end;
    return isLast ? "last" : "more";
  }

  /** Text of the field that was read last; undefined when it is not UTF-8. */
  text(): string | undefined {
    const text = this.#bytes.text(this.#from, this.#to);
    return this.#hasDoubled ? text?.replaceAll('""', '"') : text;
  }
}
