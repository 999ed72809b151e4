/** Bitmaps as Arrow has them: bit `n` is bit `n & 7` of byte `n >>> 3`, least significant first. */

/**
 * Copies `count` bits, by whole bytes where it can. Bits around the target's are left as they are; source and target must
 * not overlap.
 * @param fromBit first bit of `from`, counted from its first byte; @param toBit likewise
 */
export function copyBits(
  from: Uint8Array,
  fromBit: number,
  to: Uint8Array,
  toBit: number,
  count: number,
): void {
  const head = Math.min(count, (8 - (toBit & 7)) & 7);
  copyEach(from, fromBit, to, toBit, head);
  const bytes = (count - head) >>> 3;
  const start = fromBit + head;
  const shift = start & 7;
  let read = Math.floor(start / 8);
  const write = Math.floor((toBit + head) / 8);
  if (shift === 0) to.set(from.subarray(read, read + bytes), write);
  else {
    for (let index = 0; index < bytes; index++, read++) {
      to[write + index] = (from[read]! >>> shift) | (from[read + 1]! << (8 - shift));
    }
  }
  const done = head + bytes * 8;
  copyEach(from, fromBit + done, to, toBit + done, count - done);
}

/** Whether bit `bit` of the bitmap at byte `at` is set. */
export function bitAt(bytes: Uint8Array, at: number, bit: number): boolean {
  return ((bytes[at + (bit >>> 3)]! >>> (bit & 7)) & 1) === 1;
}

/** Whether `count` bits from bit `from` on are all set. */
export function areSet(bytes: Uint8Array, from: number, count: number): boolean {
  for (let bit = from; bit < from + count; bit++) {
    if (((bytes[Math.floor(bit / 8)]! >>> (bit & 7)) & 1) === 0) return false;
  }
  return true;
}

/** How many of the first `count` bits of the bitmap at byte `at` are set. */
export function countSet(bytes: Uint8Array, at: number, count: number): number {
  let set = 0;
  for (let bit = 0; bit < count; bit += 8) {
    const inUse = bit + 8 <= count ? 0xff : (1 << (count - bit)) - 1;
    set += setInByte(bytes[at + (bit >>> 3)]! & inUse);
  }
  return set;
}

function setInByte(byte: number): number {
  let bits = byte - ((byte >>> 1) & 0x55);
  bits = (bits & 0x33) + ((bits >>> 2) & 0x33);
  return (bits + (bits >>> 4)) & 0x0f;
}

function copyEach(from: Uint8Array, fromBit: number, to: Uint8Array, toBit: number, count: number): void {
  for (let index = 0; index < count; index++) {
    const [read, write] = [fromBit + index, toBit + index];
    const at = Math.floor(write / 8);
    const bit = 1 << (write & 7);
    const isSet = ((from[Math.floor(read / 8)]! >>> (read & 7)) & 1) === 1;
    to[at] = isSet ? to[at]! | bit : to[at]! & ~bit;
  }
}
