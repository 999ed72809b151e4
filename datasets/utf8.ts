/**
 * UTF-8 by hand. `TextEncoder.encodeInto` wants a view of its own for every value, which costs more than the few bytes of
 * a name; and not every runtime lets it write shared memory. Unpaired surrogates become U+FFFD, as TextEncoder has it.
 */

const REPLACEMENT = 0xfffd;

/** Bytes that `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  const { length } = text;
  let bytes = length;
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else {
      bytes += 2;
      // A pair is two units of text and four bytes.
      if (isHigh(unit) && at + 1 < length && isLow(text.charCodeAt(at + 1))) at++;
    }
  }
  return bytes;
}

/** Unicode characters of `text`, as PostgreSQL counts those of a VARCHAR: a pair of surrogates is one, and so is one without its other half. */
export function characterCount(text: string): number {
  const { length } = text;
  let characters = length;
  for (let at = 0; at + 1 < length; at++) {
    if (!isHigh(text.charCodeAt(at)) || !isLow(text.charCodeAt(at + 1))) continue;
    characters--;
    at++;
  }
  return characters;
}

/** Writes `text` at `into[at]`, which has room for it. @returns the place after its last byte */
export function writeUtf8(into: Uint8Array, at: number, text: string): number {
  const { length } = text;
  let to = at;
  for (let from = 0; from < length; from++) {
    const unit = text.charCodeAt(from);
    if (unit < 0x80) {
      into[to++] = unit;
    } else if (unit < 0x800) {
      into[to++] = 0xc0 | (unit >> 6);
      into[to++] = 0x80 | (unit & 0x3f);
    } else {
      const next = from + 1 < length ? text.charCodeAt(from + 1) : 0;
      if (isHigh(unit) && isLow(next)) {
        from++;
        const point = 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00);
        into[to++] = 0xf0 | (point >> 18);
        into[to++] = 0x80 | ((point >> 12) & 0x3f);
        into[to++] = 0x80 | ((point >> 6) & 0x3f);
        into[to++] = 0x80 | (point & 0x3f);
      } else {
        const point = isHigh(unit) || isLow(unit) ? REPLACEMENT : unit;
        into[to++] = 0xe0 | (point >> 12);
        into[to++] = 0x80 | ((point >> 6) & 0x3f);
        into[to++] = 0x80 | (point & 0x3f);
      }
    }
  }
  return to;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
