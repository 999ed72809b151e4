/**
 * HyperLogLog (Flajolet, Fusy, Gandouet, Meunier: AofA 2007) in one relocatable block, with the estimator of Ertl, "New cardinality
 * estimation algorithms for HyperLogLog sketches" (2017, algorithm 6): unbiased from the first value on, without tables, of operations
 * that every machine rounds alike.
 *
 * **Small sets are counted.** A hash becomes a token of 32 bits: its first 26 and how many zeros follow. Tokens lie in a hash table of
 * one layout a set (linear probing in rising order: Amble, Knuth 1974), in a block that doubles; two values of one token are one, which
 * among 380 values happens once in a thousand sets.
 * **Large sets** have 2^12 registers of six bits in the largest block: standard error 1.04 / √4096 = 1.6 %.
 *
 * What a block is depends on the set of the values and on the block's size, so neither the order of adds and merges shows nor how
 * often a value came.
 */

import { mix } from "./mix";
import { bitsAt, isNanAt } from "./typed-value";
import { isValid } from "./validity";

const BYTES: usize = 0;
/** Tokens, while there are tokens. */
const COUNT: usize = 4;
const DATA: usize = 16;
/** The block that has registers, and no other has. */
const DENSE_BYTES: u32 = 4096;

const TOKEN_BITS: u64 = 26;
const PRECISION: u64 = 12;
const REGISTERS: i32 = 1 << 12;
const REGISTER_BYTES: usize = 3072;
/** Highest that a register of 64 − 12 bits can get, plus none. */
const FULL: u32 = 53;
/** Index bits that a token has beyond a register's. */
const REST_BITS: u32 = 14;

/** A slot of a record: the block's offset; whether it is frozen (there was no room for it to grow); how many rows had a value. */
const SLOT_FROZEN: usize = 4;
const SLOT_ROWS: usize = 8;

export function hllInit(block: usize, bytes: u32): void {
  store<u32>(block, bytes);
  store<u32>(block, 0, COUNT);
  store<u64>(block, 0, 8);
  memory.fill(block + DATA, 0, bytes - <u32>DATA);
}

export function hllBytes(block: usize): u32 {
  return load<u32>(block, BYTES);
}

/** Adds dense 64-bit values. Returns the first row that did not go in. */
export function hllAdd(block: usize, values: usize, start: i32, end: i32): i32 {
  for (let row = start; row < end; row++) {
    if (!insert(block, mix(load<u64>(values + ((<usize>row) << 3))))) return row;
  }
  return end;
}

/**
 * Adds each row's value to the block of its own record. Returns the first row that did not go in; of a frozen slot, it counts as a
 * row and at `truncated` alone.
 */
export function hllScatter(
  recordsAt: usize,
  slotOffset: usize,
  type: i32,
  values: usize,
  validity: usize,
  start: i32,
  end: i32,
  truncated: usize,
): i32 {
  for (let row = start; row < end; row++) {
    const record = <usize>load<u32>(recordsAt + ((<usize>row) << 2));
    if (record == 0) continue;
    if (validity != 0 && !isValid(validity, row)) continue;
    if (isNanAt(type, values, row)) continue;
    const slot = record + slotOffset;
    const block = <usize>load<u32>(slot);
    if (block == 0 || !insert(block, mix(bitsAt(type, values, row)))) {
      if (load<u32>(slot, SLOT_FROZEN) == 0) return row;
      store<f64>(truncated, load<f64>(truncated) + 1);
    }
    store<f64>(slot, load<f64>(slot, SLOT_ROWS) + 1, SLOT_ROWS);
  }
  return end;
}

export function hllGrow(from: usize, to: usize, bytes: u32): void {
  hllInit(to, bytes);
  const end = endOf(from);
  for (let at = from + DATA; at < end; at += 4) {
    const token = load<u32>(at);
    if (token != 0) insertToken(to, token);
  }
}

export function hllMerge(into: usize, from: usize): u32 {
  if (isDense(from)) {
    if (!isDense(into)) return DENSE_BYTES;
    for (let i: usize = 0; i < REGISTER_BYTES; i += 3) mergeFour(into + DATA + i, from + DATA + i);
    return 0;
  }
  const end = endOf(from);
  for (let at = from + DATA; at < end; at += 4) {
    const token = load<u32>(at);
    if (token != 0 && !insertToken(into, token)) return load<u32>(into, BYTES) << 1;
  }
  return 0;
}

export function hllEstimate(block: usize): f64 {
  if (!isDense(block)) return <f64>load<u32>(block, COUNT);
  let zero = 0;
  let full = 0;
  // Σ 2^−register, exact: in units of 2^−52, of which 4096 halves are 2^63.
  let sum: u64 = 0;
  for (let index = 0; index < REGISTERS; index++) {
    const register = registerAt(block, index);
    if (register == 0) zero++;
    else if (register == FULL) full++;
    else sum += <u64>1 << (52 - register);
  }
  const m = <f64>REGISTERS;
  const z = m * sigma(<f64>zero / m) + <f64>sum / 4503599627370496.0 + (m * tau(1 - <f64>full / m)) / 4503599627370496.0;
  // 1 / (2 ln 2).
  return (0.7213475204444817 * m * m) / z;
}

/** x + Σ x^(2^k) 2^(k−1): the estimator's share of the registers that are still empty. */
function sigma(x: f64): f64 {
  if (x == 1) return Infinity;
  let weight: f64 = 1;
  let sum = x;
  for (let before = -1.0; sum != before; weight += weight) {
    before = sum;
    x *= x;
    sum += x * weight;
  }
  return sum;
}

/** (1 − x − Σ (1 − x^(2^−k))² 2^−k) / 3: the share of those that are full. */
function tau(x: f64): f64 {
  if (x == 0 || x == 1) return 0;
  let weight: f64 = 1;
  let sum = 1 - x;
  for (let before = -1.0; sum != before; ) {
    before = sum;
    x = sqrt(x);
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

// @ts-expect-error: decorator
@inline
function isDense(block: usize): bool {
  return load<u32>(block, BYTES) == DENSE_BYTES;
}

/** Where the tokens end. */
function endOf(block: usize): usize {
  return block + load<u32>(block, BYTES);
}

/** False, and nothing done, when the block is too small. */
// @ts-expect-error: decorator
@inline
function insert(block: usize, hash: u64): bool {
  if (isDense(block)) {
    raise(block, <i32>(hash >> (64 - PRECISION)), min(<u32>clz<u64>(hash << PRECISION) + 1, FULL));
    return true;
  }
  const zeros = min<u32>(<u32>clz<u64>(hash << TOKEN_BITS), <u32>(64 - TOKEN_BITS));
  return insertToken(block, (<u32>(hash >> (64 - TOKEN_BITS)) << 6) | (zeros + 1));
}

function insertToken(block: usize, token: u32): bool {
  if (isDense(block)) {
    const rest = (token >> 6) & ((1 << REST_BITS) - 1);
    const rank = rest == 0 ? REST_BITS + (token & 63) : <u32>clz<u32>(rest) - (32 - REST_BITS) + 1;
    raise(block, <i32>(token >> 20), rank);
    return true;
  }
  const slots = (load<u32>(block, BYTES) - <u32>DATA) >> 2;
  // The last eighth is for what is pushed on, so nothing has to wrap around.
  const homes = slots - (slots >> 3) - 1;
  const data = block + DATA;
  const end = data + (slots << 2);
  let at = data + <usize>(((<u64>token * <u64>homes) >> 32) << 2);
  let found = load<u32>(at);
  while (found != 0 && found < token) {
    at += 4;
    if (at == end) return false;
    found = load<u32>(at);
  }
  if (found == token) return true;
  const count = load<u32>(block, COUNT);
  if (count == slots - (slots >> 2)) return false;
  let gap = at;
  while (load<u32>(gap) != 0) {
    gap += 4;
    if (gap == end) return false;
  }
  memory.copy(at + 4, at, gap - at);
  store<u32>(at, token);
  store<u32>(block, count + 1, COUNT);
  return true;
}

// @ts-expect-error: decorator
@inline
function raise(block: usize, index: i32, rank: u32): void {
  const bit = <usize>index * 6;
  const at = block + DATA + (bit >> 3);
  const shift = <u32>(bit & 7);
  const word = <u32>load<u16>(at);
  if (((word >> shift) & 63) < rank) store<u16>(at, <u16>((word & ~(<u32>63 << shift)) | (rank << shift)));
}

// @ts-expect-error: decorator
@inline
function registerAt(block: usize, index: i32): u32 {
  const bit = <usize>index * 6;
  return (<u32>load<u16>(block + DATA + (bit >> 3)) >> <u32>(bit & 7)) & 63;
}

/** Four registers, which are three bytes. */
// @ts-expect-error: decorator
@inline
function mergeFour(into: usize, from: usize): void {
  const a = threeBytes(into);
  const b = threeBytes(from);
  if (a == b) return;
  let larger: u32 = 0;
  for (let mask: u32 = 63; mask < 1 << 24; mask <<= 6) larger |= max(a & mask, b & mask);
  store<u16>(into, <u16>larger);
  store<u8>(into, <u8>(larger >> 16), 2);
}

// @ts-expect-error: decorator
@inline
function threeBytes(at: usize): u32 {
  return <u32>load<u16>(at) | (<u32>load<u8>(at, 2) << 16);
}
