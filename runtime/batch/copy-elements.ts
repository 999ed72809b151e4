/** Copies elements of a column from one batch's bytes to another's, as they are: a NaN keeps its bits. */

import type { MemoryViews } from "./views.ts";

/** Bytes up to which they are copied one by one: a call of `set` costs more. */
const FEW_BYTES = 64;

/**
 * @param at byte of the first element, @param target byte that it goes to: multiples of `width`
 * @param width bytes of an element: 1, 2, 4 or 8
 */
export function copyElements(
  read: MemoryViews,
  at: number,
  write: MemoryViews,
  target: number,
  width: number,
  count: number,
): void {
  const bytes = count * width;
  if (bytes > FEW_BYTES) {
    write.u8.set(read.u8.subarray(at, at + bytes), target);
  } else if (width >= 4) {
    const from = read.u32;
    const to = write.u32;
    const by = (target - at) >> 2;
    for (let word = at >>> 2; word < (at + bytes) >>> 2; word++) to[word + by] = from[word]!;
  } else if (width === 2) {
    const from = read.u16;
    const to = write.u16;
    const by = (target - at) >> 1;
    for (let word = at >>> 1; word < (at + bytes) >>> 1; word++) to[word + by] = from[word]!;
  } else {
    const from = read.u8;
    const to = write.u8;
    for (let byte = 0; byte < bytes; byte++) to[target + byte] = from[at + byte]!;
  }
}
