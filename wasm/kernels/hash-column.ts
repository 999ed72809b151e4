/**
 * SHA-256 and HMAC-SHA-256 (RFC 2104, FIPS 198-1) over whole columns, four rows at a time.
 *
 * Rows are taken in passes by their number of 64-byte blocks, so that four lanes end together: first all rows of one
 * block (up to 55 bytes), then of two, three, four, then by ranges a quarter wide, where the lanes that end early hold
 * their state. Reading the offsets again costs about a nanosecond a row and pass; a lane that idles costs a whole
 * compression. A pass whose last group is not full repeats its last row.
 *
 * A state block (sha256.ts tells its layout) starts with the state behind the padded key, inner then outer; an HMAC of up
 * to 55 bytes is then two compressions instead of four.
 */

import { addLength, lastSafe, left, loadLane, MARK, MASK, transpose } from "./hash-lanes";
import { compress, forget, INITIAL, LANES, loadState, OUTER, STATE, storeState, WORDS } from "./sha256";
import { isValid } from "./validity";

export function sha256Init(state: usize): void {
  memory.copy(state, INITIAL, 32);
  forget(state);
}

export function hmacKey(key: usize, keyBytes: usize, state: usize): void {
  const words = state + WORDS;
  if (keyBytes > 64) {
    loadState(state, INITIAL);
    absorb(state, key, key, key, key, <u32>keyBytes, <u32>keyBytes, <u32>keyBytes, <u32>keyBytes, 0);
    moveDigest(state);
    clear(words + 128, 128);
  } else {
    const limit = lastSafe();
    for (let lane: usize = 0; lane < 256; lane += 64) loadLane(state + LANES + lane, key, <i32>keyBytes, limit, MASK + 128);
    transpose(state);
  }
  for (let i: usize = 0; i < 256; i += 16) v128.store(words + i, v128.xor(v128.load(words + i), i8x16.splat(0x36)));
  // The compression uses the words up. One lane of them waits where the key's states will be.
  for (let i: usize = 0; i < 16; i++) store<u32>(state + (i << 2), load<u32>(words + (i << 4)));
  loadState(state, INITIAL);
  compress(state);
  for (let i: usize = 0; i < 16; i++) {
    v128.store(words + (i << 4), v128.xor(v128.load32_splat(state + (i << 2)), i8x16.splat(0x36 ^ 0x5c)));
  }
  storeState(state, state);
  loadState(state, INITIAL);
  compress(state);
  storeState(state, state + OUTER);
  forget(state);
}

export function hmacBytes(
  state: usize, values: usize, offsets: usize, validity: usize, rows: i32, out: usize, width: i32, firsts: usize,
): void {
  hashBytes(state, true, values, offsets, validity, rows, out, width, firsts);
}

export function sha256Bytes(state: usize, values: usize, offsets: usize, validity: usize, rows: i32, out: usize, width: i32): void {
  hashBytes(state, false, values, offsets, validity, rows, out, width, 0);
}

export function hmacNumbers(state: usize, values: usize, valueBytes: i32, validity: usize, rows: i32, out: usize, width: i32): void {
  hashNumbers(state, true, values, valueBytes, validity, rows, out, width);
}

export function sha256Numbers(state: usize, values: usize, valueBytes: i32, validity: usize, rows: i32, out: usize, width: i32): void {
  hashNumbers(state, false, values, valueBytes, validity, rows, out, width);
}

/** @param firsts of each row, the first with the same bytes (firsts.ts), whose hash it gets; 0: every row is hashed */
function hashBytes(
  state: usize, keyed: bool, values: usize, offsets: usize, validity: usize, rows: i32, out: usize, width: i32, firsts: usize,
): void {
  let longest: u32 = 1;
  let low: u32 = 1;
  let high: u32 = 1;
  while (low <= longest) {
    let r0 = 0;
    let r1 = 0;
    let r2 = 0;
    let r3 = 0;
    let gathered = 0;
    for (let row = 0; row < rows; row++) {
      const blocks = blocksOf(lengthOf(offsets, row));
      if (blocks < low) continue;
      if (blocks > high) {
        if (blocks > longest) longest = blocks;
        continue;
      }
      if (validity != 0 && !isValid(validity, row)) continue;
      if (firsts != 0 && <i32>load<u32>(firsts + ((<usize>row) << 2)) != row) continue;
      r0 = r1;
      r1 = r2;
      r2 = r3;
      r3 = row;
      if (++gathered == 4) {
        hashFour(state, keyed, values, offsets, r0, r1, r2, r3, out, width);
        gathered = 0;
      }
    }
    if (gathered > 0) {
      if (gathered < 2) r2 = r3;
      if (gathered < 3) r1 = r2;
      hashFour(state, keyed, values, offsets, r1, r1, r2, r3, out, width);
    }
    low = high + 1;
    high = low <= 4 ? low : low + (low >> 2);
  }
  if (firsts != 0) repeatFirsts(firsts, rows, out, width);
  if (validity != 0) clearNulls(validity, rows, out, width);
  forget(state);
}

function hashFour(
  state: usize, keyed: bool, values: usize, offsets: usize, r0: i32, r1: i32, r2: i32, r3: i32, out: usize, width: i32,
): void {
  loadState(state, state);
  absorb(
    state,
    values + load<u32>(offsets + (r0 << 2)),
    values + load<u32>(offsets + (r1 << 2)),
    values + load<u32>(offsets + (r2 << 2)),
    values + load<u32>(offsets + (r3 << 2)),
    lengthOf(offsets, r0),
    lengthOf(offsets, r1),
    lengthOf(offsets, r2),
    lengthOf(offsets, r3),
    keyed ? 64 : 0,
  );
  if (keyed) finishOuter(state);
  writeHashes(state, r0, r1, r2, r3, out, width);
}

function hashNumbers(
  state: usize, keyed: bool, values: usize, valueBytes: i32, validity: usize, rows: i32, out: usize, width: i32,
): void {
  const words = state + WORDS;
  const shift = valueBytes == 8 ? 3 : 2;
  const bits: u32 = ((keyed ? 64 : 0) + valueBytes) << 3;
  for (let row = 0; row < rows; row += 4) {
    const last = rows - 1;
    const r1 = min(row + 1, last);
    const r2 = min(row + 2, last);
    const r3 = min(row + 3, last);
    loadState(state, state);
    clear(words, 256);
    for (let at = 0; at < valueBytes; at += 4) {
      const into = words + (at << 2);
      store<u32>(into, bswap<u32>(load<u32>(values + (row << shift) + at)));
      store<u32>(into, bswap<u32>(load<u32>(values + (r1 << shift) + at)), 4);
      store<u32>(into, bswap<u32>(load<u32>(values + (r2 << shift) + at)), 8);
      store<u32>(into, bswap<u32>(load<u32>(values + (r3 << shift) + at)), 12);
    }
    v128.store(words + (valueBytes << 2), i32x4.splat(0x80000000));
    v128.store(words, i32x4.splat(bits), 240);
    compress(state);
    if (keyed) finishOuter(state);
    writeHashes(state, row, r1, r2, r3, out, width);
  }
  if (validity != 0) clearNulls(validity, rows, out, width);
  forget(state);
}

/** Turns the running state by four whole messages, padded; `before` bytes were taken in earlier. */
function absorb(
  state: usize, p0: usize, p1: usize, p2: usize, p3: usize, n0: u32, n1: u32, n2: u32, n3: u32, before: u32,
): void {
  const words = state + WORDS;
  const lanes = state + LANES;
  const limit = lastSafe();
  const b0 = blocksOf(n0);
  const b1 = blocksOf(n1);
  const b2 = blocksOf(n2);
  const b3 = blocksOf(n3);
  const most = max(max(b0, b1), max(b2, b3));
  const even = b0 == most && b1 == most && b2 == most && b3 == most;
  for (let block: u32 = 0; block < most; block++) {
    const at = block << 6;
    loadLane(lanes, p0 + at, left(n0, at), limit, MARK);
    loadLane(lanes + 64, p1 + at, left(n1, at), limit, MARK);
    loadLane(lanes + 128, p2 + at, left(n2, at), limit, MARK);
    loadLane(lanes + 192, p3 + at, left(n3, at), limit, MARK);
    transpose(state);
    if (block + 1 >= min(min(b0, b1), min(b2, b3))) {
      addLength(words, block + 1 == b0, n0 + before);
      addLength(words + 4, block + 1 == b1, n1 + before);
      addLength(words + 8, block + 1 == b2, n2 + before);
      addLength(words + 12, block + 1 == b3, n3 + before);
    }
    if (even) compress(state);
    else compressLanes(state, i32x4.gt_u(i32x4(b0, b1, b2, b3), i32x4.splat(block)));
  }
}

/** The running state becomes the first eight words of the next message. */
function moveDigest(state: usize): void {
  for (let i: usize = 0; i < 128; i += 16) v128.store(state + i, v128.load(state + i, STATE), WORDS);
}

/** Zeros a few vectors in place; memory.fill is a call out of the compiled code. */
// @ts-expect-error: decorator
@inline
function clear(at: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(at + i, i32x4.splat(0));
}

/** Compresses, but only the lanes in `mask` move on. */
function compressLanes(state: usize, mask: v128): void {
  const a = v128.load(state, STATE);
  const b = v128.load(state, STATE + 16);
  const c = v128.load(state, STATE + 32);
  const d = v128.load(state, STATE + 48);
  const e = v128.load(state, STATE + 64);
  const f = v128.load(state, STATE + 80);
  const g = v128.load(state, STATE + 96);
  const h = v128.load(state, STATE + 112);
  compress(state);
  const s = state + STATE;
  v128.store(s, v128.bitselect(v128.load(s), a, mask));
  v128.store(s, v128.bitselect(v128.load(s, 16), b, mask), 16);
  v128.store(s, v128.bitselect(v128.load(s, 32), c, mask), 32);
  v128.store(s, v128.bitselect(v128.load(s, 48), d, mask), 48);
  v128.store(s, v128.bitselect(v128.load(s, 64), e, mask), 64);
  v128.store(s, v128.bitselect(v128.load(s, 80), f, mask), 80);
  v128.store(s, v128.bitselect(v128.load(s, 96), g, mask), 96);
  v128.store(s, v128.bitselect(v128.load(s, 112), h, mask), 112);
}

/** The outer hash: its message is the inner digest, 32 bytes behind 64 of key. */
function finishOuter(state: usize): void {
  const words = state + WORDS;
  moveDigest(state);
  v128.store(words, i32x4.splat(0x80000000), 128);
  clear(words + 144, 96);
  v128.store(words, i32x4.splat((64 + 32) << 3), 240);
  loadState(state, state + OUTER);
  compress(state);
}

/** Writes the running state's four hashes to their rows. */
function writeHashes(state: usize, r0: i32, r1: i32, r2: i32, r3: i32, out: usize, width: i32): void {
  const s = state + STATE;
  if (width == 8) {
    const a = v128.load(s);
    const b = v128.load(s, 16);
    const low = i32x4.shuffle(b, a, 0, 4, 1, 5);
    const high = i32x4.shuffle(b, a, 2, 6, 3, 7);
    store<u64>(out + (r0 << 3), i64x2.extract_lane(low, 0));
    store<u64>(out + (r1 << 3), i64x2.extract_lane(low, 1));
    store<u64>(out + (r2 << 3), i64x2.extract_lane(high, 0));
    store<u64>(out + (r3 << 3), i64x2.extract_lane(high, 1));
  } else if (width == 4) {
    store<u32>(out + (r0 << 2), load<u32>(s));
    store<u32>(out + (r1 << 2), load<u32>(s, 4));
    store<u32>(out + (r2 << 2), load<u32>(s, 8));
    store<u32>(out + (r3 << 2), load<u32>(s, 12));
  } else {
    for (let i: usize = 0; i < 8; i++) {
      const word = s + (i << 4);
      store<u32>(out + (r0 << 5) + (i << 2), bswap<u32>(load<u32>(word)));
      store<u32>(out + (r1 << 5) + (i << 2), bswap<u32>(load<u32>(word, 4)));
      store<u32>(out + (r2 << 5) + (i << 2), bswap<u32>(load<u32>(word, 8)));
      store<u32>(out + (r3 << 5) + (i << 2), bswap<u32>(load<u32>(word, 12)));
    }
  }
}

function repeatFirsts(firsts: usize, rows: i32, out: usize, width: i32): void {
  for (let row = 0; row < rows; row++) {
    const first = <i32>load<u32>(firsts + ((<usize>row) << 2));
    if (first == row) continue;
    if (width == 8) store<u64>(out + (row << 3), load<u64>(out + (first << 3)));
    else memory.copy(out + row * width, out + first * width, width);
  }
}

function clearNulls(validity: usize, rows: i32, out: usize, width: i32): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) memory.fill(out + row * width, 0, width);
  }
}

// @ts-expect-error: decorator
@inline
function lengthOf(offsets: usize, row: i32): u32 {
  const at = offsets + (row << 2);
  return load<u32>(at, 4) - load<u32>(at);
}

/** Blocks of a message with its padding: one byte of mark, eight of length. */
// @ts-expect-error: decorator
@inline
function blocksOf(bytes: u32): u32 {
  return ((bytes + 8) >> 6) + 1;
}
