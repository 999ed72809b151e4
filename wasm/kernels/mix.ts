/**
 * A hash of 64 bits: rrmxmx (Evensen, "Better, stronger mixer and a test procedure", 2018), which stays good for numbers that
 * differ in few bits, such as counters and doubles of whole numbers. It is one to one: different numbers never meet.
 */

/** Zero would be its own hash; so would nothing that anybody counts. */
const OFFSET: u64 = 0x9e3779b97f4a7c15;
const FACTOR: u64 = 0x9fb21c651e98df25;

// @ts-expect-error: decorator
@inline
export function mix(bits: u64): u64 {
  let x = bits + OFFSET;
  x ^= rotr<u64>(x, 49) ^ rotr<u64>(x, 24);
  x *= FACTOR;
  x ^= x >> 28;
  x *= FACTOR;
  return x ^ (x >> 28);
}
