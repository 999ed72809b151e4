/**
 * Numbers as decimal text, straight into bytes: an export is mostly numbers, and a string for each of them is what it would
 * spend its time on.
 *
 * Promises: whole numbers are exact; a double is written as `String` writes it, but -0 keeps its sign; a float is written
 * as the shortest decimal that a reader of doubles rounds back to the same float.
 *
 * Each function writes at `into[at]`, which has room for NUMBER_BYTES, and returns the place after its last byte. Digits
 * are made four at a time in 32-bit arithmetic, which the engines do fastest.
 */

const ZERO = 48;
const POINT = 46;
const MINUS = 45;
const TWO_16 = 65536;
const TWO_31 = 2147483648;
const TWO_32 = 4294967296;
const TEN_8 = 1e8;
const TEN_10 = 1e10;

/** Bytes that any number takes at the most; the longest is `-2.2250738585072014e-308`. */
export const NUMBER_BYTES = 32;

/** Writes a whole number from 0 to 2^53. */
export function putWhole(into: Uint8Array, at: number, value: number): number {
  if (value < TEN_8) return put8AtMost(into, at, value | 0);
  const high = Math.floor(value / TEN_8);
  return put8(into, put8AtMost(into, at, high | 0), (value - high * TEN_8) | 0);
}

/** Writes a whole number of either sign, |value| ≤ 2^53. */
export function putInteger(into: Uint8Array, at: number, value: number): number {
  if (value >= 0) return putWhole(into, at, value);
  into[at] = MINUS;
  return putWhole(into, at + 1, -value);
}

/** Writes an unsigned 64-bit number from its two halves, both unsigned. */
export function putUint64(into: Uint8Array, at: number, low: number, high: number): number {
  if (high < 0x200000) return putWhole(into, at, high * TWO_32 + low);
  // Long division by 10^10 in steps of 16 bits, so that every dividend is below 2^53.
  const first = high * TWO_16 + (low >>> 16);
  const firstQuotient = Math.floor(first / TEN_10);
  const second = (first - firstQuotient * TEN_10) * TWO_16 + (low & 0xffff);
  const secondQuotient = Math.floor(second / TEN_10);
  const end = putWhole(into, at, firstQuotient * TWO_16 + secondQuotient);
  const rest = second - secondQuotient * TEN_10;
  const top = Math.floor(rest / TEN_8) | 0;
  put2(into, end, top);
  return put8(into, end + 2, (rest - top * TEN_8) | 0);
}

/** Writes a signed 64-bit number from its two halves, both unsigned. */
export function putInt64(into: Uint8Array, at: number, low: number, high: number): number {
  if (high < TWO_31) return putUint64(into, at, low, high);
  into[at] = MINUS;
  return putUint64(into, at + 1, -low >>> 0, (~high + (low === 0 ? 1 : 0)) >>> 0);
}

/**
 * Writes a finite double.
 *
 * Much of what is measured is a count of 1024ths (MiB from KiB), and then needs no search: a decimal of at most 15 digits is
 * the shortest of the double it reads as, because no two of them read as the same double.
 */
export function putFloat64(into: Uint8Array, at: number, value: number): number {
  let to = at;
  let magnitude = value;
  if (value < 0 || Object.is(value, -0)) {
    into[to++] = MINUS;
    magnitude = -value;
  }
  if (magnitude < TWO_31) {
    const whole = magnitude | 0;
    const parts = (magnitude - whole) * PARTS;
    const part = parts | 0;
    if (part === parts) {
      if (part === 0) return putWhole(into, to, whole);
      const places = PLACES[part]!;
      if (whole < WHOLE_LIMIT[places]!) {
        to = putWhole(into, to, whole);
        into[to++] = POINT;
        const from = part * MOST_PLACES;
        for (let place = 0; place < places; place++) into[to + place] = FRACTIONS[from + place]!;
        return to + places;
      }
    }
  }
  return putAscii(into, to, String(magnitude));
}

/** Writes a finite float, as a double that `Math.fround` leaves as it is. */
export function putFloat32(into: Uint8Array, at: number, value: number): number {
  let to = at;
  let magnitude = value;
  if (value < 0 || Object.is(value, -0)) {
    into[to++] = MINUS;
    magnitude = -value;
  }
  // Found by trying one place more each time. Nine digits always do, so from here on the scaled number is below 2^31.
  if (magnitude >= 0.01 && magnitude < 1e7) {
    let scale = 1;
    for (let places = 0; magnitude * scale < TWO_31 - 1; places++) {
      const scaled = (magnitude * scale + 0.5) | 0;
      const decimal = scaled / scale;
      if (Math.fround(decimal) === magnitude) {
        const whole = decimal | 0;
        to = putWhole(into, to, whole);
        if (places === 0) return to;
        into[to] = POINT;
        return putPlaces(into, to + 1, scaled - whole * scale, places);
      }
      scale *= 10;
    }
  }
  return putAscii(into, to, String(shortestFloat(magnitude)));
}

/** Writes a text of ASCII. */
export function putAscii(into: Uint8Array, at: number, text: string): number {
  const { length } = text;
  for (let index = 0; index < length; index++) into[at + index] = text.charCodeAt(index);
  return at + length;
}

/** The double whose own shortest decimal is the shortest that reads back as the float `value`. */
export function shortestFloat(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

/** Writes a whole number below 10^8 without leading zeros. */
function put8AtMost(into: Uint8Array, at: number, value: number): number {
  if (value < 10_000) return put4AtMost(into, at, value);
  const high = (value / 10_000) | 0;
  const to = put4AtMost(into, at, high);
  put4(into, to, value - high * 10_000);
  return to + 4;
}

function put4AtMost(into: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    into[at] = ZERO + value;
    return at + 1;
  }
  if (value < 100) {
    put2(into, at, value);
    return at + 2;
  }
  if (value < 1000) {
    const hundreds = (value / 100) | 0;
    into[at] = ZERO + hundreds;
    put2(into, at + 1, value - hundreds * 100);
    return at + 3;
  }
  put4(into, at, value);
  return at + 4;
}

function put8(into: Uint8Array, at: number, value: number): number {
  const high = (value / 10_000) | 0;
  put4(into, at, high);
  put4(into, at + 4, value - high * 10_000);
  return at + 8;
}

function put4(into: Uint8Array, at: number, value: number): void {
  // Exact below 10 000, as 103/1024 is for a tenth below 100.
  const high = (value * 5243) >>> 19;
  put2(into, at, high);
  put2(into, at + 2, value - high * 100);
}

function put2(into: Uint8Array, at: number, value: number): void {
  const tens = (value * 103) >>> 10;
  into[at] = ZERO + tens;
  into[at + 1] = ZERO + value - tens * 10;
}

/** Writes `places` digits of a number below 2^31, leading zeros included. */
function putPlaces(into: Uint8Array, at: number, value: number, places: number): number {
  let rest = value;
  for (let place = at + places - 1; place >= at; place--) {
    const quotient = (rest / 10) | 0;
    into[place] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
  return at + places;
}

const PARTS = 1024;
/** Of 1/1024 = 0.0009765625. */
const MOST_PLACES = 10;
/** Below which whole number a fraction of so many places leaves at most 15 digits in all. */
const WHOLE_LIMIT = Float64Array.from({ length: MOST_PLACES + 1 }, (_, places) => 10 ** (15 - places));
/** For each number of 1024ths, its decimals without trailing zeros: the digits, and how many. */
const FRACTIONS = new Uint8Array(PARTS * MOST_PLACES);
const PLACES = new Uint8Array(PARTS);
for (let part = 1; part < PARTS; part++) {
  const digits = String(part / PARTS).slice(2);
  putAscii(FRACTIONS, part * MOST_PLACES, digits);
  PLACES[part] = digits.length;
}
