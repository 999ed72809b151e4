/**
 * Whether bytes are whole UTF-8, as TextDecoder with `fatal` has it (https://www.unicode.org/versions/latest/, table 3-7): no overlong forms,
 * no surrogates, nothing beyond U+10FFFF. By hand, as no TextDecoder reads shared memory.
 */

/** @param to not included */
export function isUtf8(u8: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    const first = u8[at++]!;
    if (first < 0x80) continue;
    // Those that follow, and within what the first of them must lie.
    let more = 1;
    let least = 0x80;
    let most = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
      more = 1;
    } else if (first >= 0xe0 && first <= 0xef) {
      more = 2;
      if (first === 0xe0) least = 0xa0;
      if (first === 0xed) most = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      more = 3;
      if (first === 0xf0) least = 0x90;
      if (first === 0xf4) most = 0x8f;
    } else {
      return false;
    }
    if (at + more > to) return false;
    const second = u8[at++]!;
    if (second < least || second > most) return false;
    for (; more > 1; more--) if ((u8[at++]! & 0xc0) !== 0x80) return false;
  }
  return true;
}
