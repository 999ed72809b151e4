/** Four messages' next 64 bytes, cut, padded and turned into the vectors that the compression takes. */

import { LANES, WORDS } from "./sha256";

/** 64 bytes of ones, then zeros: read at 64 − n, the mask of the first n bytes. */
export const MASK = memory.data<u64>([-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/** Read at 64 − n: zeros, but 0x80 at byte n. */
export const MARK = memory.data<u64>([0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Copies one lane's 64 bytes to `to`: the first `n` from `from`, then the mark that ends a message (`mark` = MARK) or nothing
 * (MASK + 128). `n` may be negative when the message, or even its mark, lies in an earlier block.
 */
// @ts-expect-error: decorator
@inline
export function loadLane(to: usize, from: usize, n: i32, limit: usize, mark: usize): void {
  if (n >= 64 && from <= limit) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
    return;
  }
  if (n <= 0) from = MASK; // masked away in any case, and readable
  else if (from > limit) return loadLaneAtEnd(to, from, n, mark);
  const mask = MASK + 64 - n;
  const tail = mark == MARK ? MARK + 64 - n : mark;
  for (let i: usize = 0; i < 64; i += 16) {
    v128.store(to + i, v128.or(v128.and(v128.load(from + i), v128.load(mask + i)), v128.load(tail + i)));
  }
}

/** The same within 64 bytes of the end of the memory, where a vector load could trap. */
function loadLaneAtEnd(to: usize, from: usize, n: i32, mark: usize): void {
  memory.fill(to, 0, 64);
  memory.copy(to, from, min(n, 64));
  if (mark == MARK && n < 64) store<u8>(to + n, 0x80);
}

/** Four lanes of 64 bytes become sixteen vectors of big-endian words. */
export function transpose(state: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    const from = state + LANES + i;
    const a = v128.load(from);
    const b = v128.load(from, 64);
    const c = v128.load(from, 128);
    const d = v128.load(from, 192);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const ef = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const gh = i32x4.shuffle(c, d, 2, 6, 3, 7);
    const to = state + (i << 2);
    v128.store(to, bigEndian(i64x2.shuffle(ab, cd, 0, 2)), WORDS);
    v128.store(to, bigEndian(i64x2.shuffle(ab, cd, 1, 3)), WORDS + 16);
    v128.store(to, bigEndian(i64x2.shuffle(ef, gh, 0, 2)), WORDS + 32);
    v128.store(to, bigEndian(i64x2.shuffle(ef, gh, 1, 3)), WORDS + 48);
  }
}

// @ts-expect-error: decorator
@inline
function bigEndian(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** The message's length in bits, into words 14 and 15 of one lane, when this is its last block. */
// @ts-expect-error: decorator
@inline
export function addLength(lane: usize, isLast: bool, bytes: u32): void {
  if (isLast) {
    store<u32>(lane, bytes >> 29, 224);
    store<u32>(lane, bytes << 3, 240);
  }
}

/** The last address from which 64 bytes may be read. */
// @ts-expect-error: decorator
@inline
export function lastSafe(): usize {
  return (<usize>memory.size() << 16) - 64;
}

/** Bytes of the message from `at` on; −64 stands for anything below. */
// @ts-expect-error: decorator
@inline
export function left(bytes: u32, at: u32): i32 {
  return at > bytes + 64 ? -64 : <i32>(bytes - at);
}
