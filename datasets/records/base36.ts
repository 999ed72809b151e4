/** Whole numbers in base 36, as `value.toString(36)` writes them, straight into bytes. */

const DIGITS = new TextEncoder().encode("0123456789abcdefghijklmnopqrstuvwxyz");
/** 36^5: what is below it fits into an integer of 32 bits, and so does 2^53 by it. */
const LOW = 36 ** 5;
const LOW_PLACES = 5;

/** Writes a whole number from 0 to 2^53 at byte `at`. @returns the place after its last byte, at most 11 further */
export function putBase36(into: DataView, at: number, value: number): number {
  if (value < LOW) return putShort(into, at, value | 0);
  const high = Math.floor(value / LOW);
  const end = putBase36(into, at, high);
  let rest = (value - high * LOW) | 0;
  for (let place = end + LOW_PLACES - 1; place >= end; place--) {
    const next = (rest / 36) | 0;
    into.setUint8(place, DIGITS[rest - next * 36]!);
    rest = next;
  }
  return end + LOW_PLACES;
}

/** Without zeros in front. */
function putShort(into: DataView, at: number, value: number): number {
  let end = at + 1;
  for (let rest = (value / 36) | 0; rest > 0; rest = (rest / 36) | 0) end++;
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    const next = (rest / 36) | 0;
    into.setUint8(place, DIGITS[rest - next * 36]!);
    rest = next;
  }
  return end;
}
