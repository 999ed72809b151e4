/** Text that came from outside, before anything is read of it: offsets that could lead anywhere, bytes that need not be UTF-8. */

/**
 * The first of `count` + 1 int32 offsets that is below the one before it, or below 0; when none is, the first beyond `bytes`; -1: none is. Of good ones every value
 * lies within the text.
 */
export function checkOffsets(offsets: usize, count: i32, bytes: i32): i32 {
  let before = 0;
  for (let i = 0; i <= count; i++) {
    const offset = load<i32>(offsets + ((<usize>i) << 2));
    if (offset < before) return i;
    before = offset;
  }
  if (before <= bytes) return -1;
  for (let i = 0; i <= count; i++) if (load<i32>(offsets + ((<usize>i) << 2)) > bytes) return i;
  return count;
}

/**
 * The first value, from row `from` on, that is not whole UTF-8 by itself; `to`: all are. The offsets are good. Values under a missing one count as
 * well: whoever asks looks whether it is there.
 */
export function checkUtf8(offsets: usize, text: usize, from: i32, to: i32): i32 {
  const first = text + <usize>load<i32>(offsets + ((<usize>from) << 2));
  const end = text + <usize>load<i32>(offsets + ((<usize>to) << 2));
  if (isAscii(first, end)) return to;
  let start = first;
  for (let row = from; row < to; row++) {
    const next = text + <usize>load<i32>(offsets + ((<usize>row) << 2), 4);
    if (!isUtf8(start, next)) return row;
    start = next;
  }
  return to;
}

function isAscii(at: usize, end: usize): bool {
  for (; at + 16 <= end; at += 16) if (i8x16.bitmask(v128.load(at)) != 0) return false;
  for (; at < end; at++) if (load<u8>(at) >= 0x80) return false;
  return true;
}

/** https://www.unicode.org/versions/latest/, table 3-7: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
function isUtf8(at: usize, end: usize): bool {
  while (at < end) {
    const first = <u32>load<u8>(at++);
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    const more: usize = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (at + more > end) return false;
    const second = <u32>load<u8>(at);
    const least: u32 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const most: u32 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    if (more > 1 && (load<u8>(at, 1) & 0xc0) != 0x80) return false;
    if (more > 2 && (load<u8>(at, 2) & 0xc0) != 0x80) return false;
    at += more;
  }
  return true;
}
