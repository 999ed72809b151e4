/**
 * The SHA-256 compression function (FIPS 180-4, 6.2.2) on four messages at once, one in each 32-bit lane.
 *
 * It works in a block of memory that the caller owns (WORK_BYTES, see below), and leaves nothing elsewhere. The sixteen words
 * of the message schedule stay there, not in locals: eight state words and their temporaries fill the sixteen vector
 * registers, and with the words as locals JavaScriptCore spilled so much that it took a third longer (V8: 8 % less).
 *
 * What bounds it is the price of a rotation, which WebAssembly lacks. V8 makes three instructions of it, and a block takes
 * about 290 cycles; JavaScriptCore moves every shift's count through two registers, and a block takes 560. Tried there:
 * left shifts by multiplying (no gain, and half the speed on V8), the message schedule in scalar code beside the vector rounds
 * (within the noise, and 45 % slower on V8), all of it in scalar code (half the speed), eight rounds a pass (no gain).
 */

/**
 * Layout of the block: state before the message (inner), state of the outer hash, sixteen vectors of message words,
 * eight of running state, and the four messages' 64 bytes before they become words.
 */
export const OUTER: usize = 32;
export const WORDS: usize = 64;
export const STATE: usize = 320;
export const LANES: usize = 448;
export const WORK_BYTES: usize = 704;

/** Round constants: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** Initial state: the same of the square roots of the first eight primes. */
export const INITIAL = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Puts the eight words at `from` into all four lanes of the running state. */
export function loadState(work: usize, from: usize): void {
  for (let i: usize = 0; i < 8; i++) v128.store(work + (i << 4), v128.load32_splat(from + (i << 2)), STATE);
}

/** Writes lane 0 of the running state as eight native words at `to`. */
export function storeState(work: usize, to: usize): void {
  for (let i: usize = 0; i < 8; i++) store<u32>(to + (i << 2), load<u32>(work + (i << 4), STATE));
}

/** Forgets message and running state: neither key nor identifier stays behind. */
export function forget(work: usize): void {
  memory.fill(work + WORDS, 0, WORK_BYTES - WORDS);
}

/** Turns the running state by the message words, which are used up. */
export function compress(work: usize): void {
  let a = v128.load(work, STATE + 0);
  let b = v128.load(work, STATE + 16);
  let c = v128.load(work, STATE + 32);
  let d = v128.load(work, STATE + 48);
  let e = v128.load(work, STATE + 64);
  let f = v128.load(work, STATE + 80);
  let g = v128.load(work, STATE + 96);
  let h = v128.load(work, STATE + 112);
  let x = v128.xor(b, c);
  let y = x;
  let k: usize = K;
  h = plus(h, mix1(e, f, g, plus(constant(k, 0), word(work, 0))));
  d = plus(d, h);
  y = v128.xor(a, b);
  h = plus(h, mix0(a, b, x, y));
  g = plus(g, mix1(d, e, f, plus(constant(k, 1), word(work, 1))));
  c = plus(c, g);
  x = v128.xor(h, a);
  g = plus(g, mix0(h, a, y, x));
  f = plus(f, mix1(c, d, e, plus(constant(k, 2), word(work, 2))));
  b = plus(b, f);
  y = v128.xor(g, h);
  f = plus(f, mix0(g, h, x, y));
  e = plus(e, mix1(b, c, d, plus(constant(k, 3), word(work, 3))));
  a = plus(a, e);
  x = v128.xor(f, g);
  e = plus(e, mix0(f, g, y, x));
  d = plus(d, mix1(a, b, c, plus(constant(k, 4), word(work, 4))));
  h = plus(h, d);
  y = v128.xor(e, f);
  d = plus(d, mix0(e, f, x, y));
  c = plus(c, mix1(h, a, b, plus(constant(k, 5), word(work, 5))));
  g = plus(g, c);
  x = v128.xor(d, e);
  c = plus(c, mix0(d, e, y, x));
  b = plus(b, mix1(g, h, a, plus(constant(k, 6), word(work, 6))));
  f = plus(f, b);
  y = v128.xor(c, d);
  b = plus(b, mix0(c, d, x, y));
  a = plus(a, mix1(f, g, h, plus(constant(k, 7), word(work, 7))));
  e = plus(e, a);
  x = v128.xor(b, c);
  a = plus(a, mix0(b, c, y, x));
  h = plus(h, mix1(e, f, g, plus(constant(k, 8), word(work, 8))));
  d = plus(d, h);
  y = v128.xor(a, b);
  h = plus(h, mix0(a, b, x, y));
  g = plus(g, mix1(d, e, f, plus(constant(k, 9), word(work, 9))));
  c = plus(c, g);
  x = v128.xor(h, a);
  g = plus(g, mix0(h, a, y, x));
  f = plus(f, mix1(c, d, e, plus(constant(k, 10), word(work, 10))));
  b = plus(b, f);
  y = v128.xor(g, h);
  f = plus(f, mix0(g, h, x, y));
  e = plus(e, mix1(b, c, d, plus(constant(k, 11), word(work, 11))));
  a = plus(a, e);
  x = v128.xor(f, g);
  e = plus(e, mix0(f, g, y, x));
  d = plus(d, mix1(a, b, c, plus(constant(k, 12), word(work, 12))));
  h = plus(h, d);
  y = v128.xor(e, f);
  d = plus(d, mix0(e, f, x, y));
  c = plus(c, mix1(h, a, b, plus(constant(k, 13), word(work, 13))));
  g = plus(g, c);
  x = v128.xor(d, e);
  c = plus(c, mix0(d, e, y, x));
  b = plus(b, mix1(g, h, a, plus(constant(k, 14), word(work, 14))));
  f = plus(f, b);
  y = v128.xor(c, d);
  b = plus(b, mix0(c, d, x, y));
  a = plus(a, mix1(f, g, h, plus(constant(k, 15), word(work, 15))));
  e = plus(e, a);
  x = v128.xor(b, c);
  a = plus(a, mix0(b, c, y, x));
  for (let pass = 0; pass < 3; pass++) {
    k += 64;
    h = plus(h, mix1(e, f, g, plus(constant(k, 0), schedule(work, 0, 1, 9, 14))));
    d = plus(d, h);
    y = v128.xor(a, b);
    h = plus(h, mix0(a, b, x, y));
    g = plus(g, mix1(d, e, f, plus(constant(k, 1), schedule(work, 1, 2, 10, 15))));
    c = plus(c, g);
    x = v128.xor(h, a);
    g = plus(g, mix0(h, a, y, x));
    f = plus(f, mix1(c, d, e, plus(constant(k, 2), schedule(work, 2, 3, 11, 0))));
    b = plus(b, f);
    y = v128.xor(g, h);
    f = plus(f, mix0(g, h, x, y));
    e = plus(e, mix1(b, c, d, plus(constant(k, 3), schedule(work, 3, 4, 12, 1))));
    a = plus(a, e);
    x = v128.xor(f, g);
    e = plus(e, mix0(f, g, y, x));
    d = plus(d, mix1(a, b, c, plus(constant(k, 4), schedule(work, 4, 5, 13, 2))));
    h = plus(h, d);
    y = v128.xor(e, f);
    d = plus(d, mix0(e, f, x, y));
    c = plus(c, mix1(h, a, b, plus(constant(k, 5), schedule(work, 5, 6, 14, 3))));
    g = plus(g, c);
    x = v128.xor(d, e);
    c = plus(c, mix0(d, e, y, x));
    b = plus(b, mix1(g, h, a, plus(constant(k, 6), schedule(work, 6, 7, 15, 4))));
    f = plus(f, b);
    y = v128.xor(c, d);
    b = plus(b, mix0(c, d, x, y));
    a = plus(a, mix1(f, g, h, plus(constant(k, 7), schedule(work, 7, 8, 0, 5))));
    e = plus(e, a);
    x = v128.xor(b, c);
    a = plus(a, mix0(b, c, y, x));
    h = plus(h, mix1(e, f, g, plus(constant(k, 8), schedule(work, 8, 9, 1, 6))));
    d = plus(d, h);
    y = v128.xor(a, b);
    h = plus(h, mix0(a, b, x, y));
    g = plus(g, mix1(d, e, f, plus(constant(k, 9), schedule(work, 9, 10, 2, 7))));
    c = plus(c, g);
    x = v128.xor(h, a);
    g = plus(g, mix0(h, a, y, x));
    f = plus(f, mix1(c, d, e, plus(constant(k, 10), schedule(work, 10, 11, 3, 8))));
    b = plus(b, f);
    y = v128.xor(g, h);
    f = plus(f, mix0(g, h, x, y));
    e = plus(e, mix1(b, c, d, plus(constant(k, 11), schedule(work, 11, 12, 4, 9))));
    a = plus(a, e);
    x = v128.xor(f, g);
    e = plus(e, mix0(f, g, y, x));
    d = plus(d, mix1(a, b, c, plus(constant(k, 12), schedule(work, 12, 13, 5, 10))));
    h = plus(h, d);
    y = v128.xor(e, f);
    d = plus(d, mix0(e, f, x, y));
    c = plus(c, mix1(h, a, b, plus(constant(k, 13), schedule(work, 13, 14, 6, 11))));
    g = plus(g, c);
    x = v128.xor(d, e);
    c = plus(c, mix0(d, e, y, x));
    b = plus(b, mix1(g, h, a, plus(constant(k, 14), schedule(work, 14, 15, 7, 12))));
    f = plus(f, b);
    y = v128.xor(c, d);
    b = plus(b, mix0(c, d, x, y));
    a = plus(a, mix1(f, g, h, plus(constant(k, 15), schedule(work, 15, 0, 8, 13))));
    e = plus(e, a);
    x = v128.xor(b, c);
    a = plus(a, mix0(b, c, y, x));
  }
  v128.store(work, plus(v128.load(work, STATE + 0), a), STATE + 0);
  v128.store(work, plus(v128.load(work, STATE + 16), b), STATE + 16);
  v128.store(work, plus(v128.load(work, STATE + 32), c), STATE + 32);
  v128.store(work, plus(v128.load(work, STATE + 48), d), STATE + 48);
  v128.store(work, plus(v128.load(work, STATE + 64), e), STATE + 64);
  v128.store(work, plus(v128.load(work, STATE + 80), f), STATE + 80);
  v128.store(work, plus(v128.load(work, STATE + 96), g), STATE + 96);
  v128.store(work, plus(v128.load(work, STATE + 112), h), STATE + 112);
}

// @ts-expect-error: decorator
@inline
function plus(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

// @ts-expect-error: decorator
@inline
function rotate(x: v128, right: i32): v128 {
  return v128.or(i32x4.shr_u(x, right), i32x4.shl(x, 32 - right));
}

// @ts-expect-error: decorator
@inline
function constant(k: usize, round: usize): v128 {
  return v128.load32_splat(k + 4 * round);
}

// @ts-expect-error: decorator
@inline
function word(work: usize, index: usize): v128 {
  return v128.load(work + (index << 4), WORDS);
}

/** Σ1(e) + Ch(e, f, g) + `kw`; Ch as g ⊕ (e ∧ (f ⊕ g)). */
// @ts-expect-error: decorator
@inline
function mix1(e: v128, f: v128, g: v128, kw: v128): v128 {
  const sum = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
  return plus(plus(kw, choice), sum);
}

/** Σ0(a) + Maj(a, b, c); Maj as b ⊕ ((a ⊕ b) ∧ (b ⊕ c)), where b ⊕ c is the a ⊕ b of the round before. */
// @ts-expect-error: decorator
@inline
function mix0(a: v128, b: v128, bc: v128, ab: v128): v128 {
  const sum = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  return plus(sum, v128.xor(b, v128.and(ab, bc)));
}

/** The next word of the message, in the place of word t−16: σ1(w[t−2]) + w[t−7] + σ0(w[t−15]) + w[t−16]. */
// @ts-expect-error: decorator
@inline
function schedule(work: usize, t16: usize, t15: usize, t7: usize, t2: usize): v128 {
  const w15 = word(work, t15);
  const w2 = word(work, t2);
  const s0 = v128.xor(v128.xor(rotate(w15, 7), rotate(w15, 18)), i32x4.shr_u(w15, 3));
  const s1 = v128.xor(v128.xor(rotate(w2, 17), rotate(w2, 19)), i32x4.shr_u(w2, 10));
  const next = plus(plus(word(work, t16), s0), plus(word(work, t7), s1));
  v128.store(work + (t16 << 4), next, WORDS);
  return next;
}
