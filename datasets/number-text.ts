/**
 * Numbers as decimal text, straight into bytes: an export is mostly numbers, and a string for each of them is what it would
 * spend its time on.
 *
 * Promises: whole numbers are exact; a double is written as `String` writes it; a float is written as the shortest decimal
 * that a reader of doubles rounds back to the same float. -0 keeps its sign, as `-0.0`: readers that tell whole numbers
 * apart (Python's json) would take `-0` for 0.
 *
 * Each function writes at byte `at` and returns the place after its last byte. Four digits are written as one word from a
 * table, which is four times as fast as one by one, so what lies behind the text is overwritten too: all functions need room
 * for NUMBER_BYTES, and whoever writes goes forward.
 */

const ZERO = 48;
const POINT = 46;
const MINUS = 45;
const TWO_16 = 65536;
const TWO_24 = 16777216;
const TWO_31 = 2147483648;
const TWO_32 = 4294967296;
const TEN_8 = 1e8;
const TEN_10 = 1e10;
/** What 10^10 is above 2 · 2^32. */
const TEN_10_LOW = TEN_10 - 2 * TWO_32;

/** Decimals that are tried at once. */
const FEW_PLACES = 6;
const FEW_SCALE = 1e6;

/** Bytes that any number may touch; the longest is `-2.2250738585072014e-308`. */
export const NUMBER_BYTES = 32;

/** Writes a whole number from 0 to 2^53. */
export function putWhole(into: DataView, at: number, value: number): number {
  if (value < TEN_8) return put8AtMost(into, at, value | 0);
  const high = Math.floor(value / TEN_8);
  return put8(into, put8AtMost(into, at, high | 0), (value - high * TEN_8) | 0);
}

/** Writes a whole number of either sign, |value| ≤ 2^53. */
export function putInteger(into: DataView, at: number, value: number): number {
  if (value >= 0) return putWhole(into, at, value);
  into.setUint8(at, MINUS);
  return putWhole(into, at + 1, -value);
}

/** Writes an unsigned 64-bit number from its two halves, both unsigned. */
export function putUint64(into: DataView, at: number, low: number, high: number): number {
  const rounded = high * TWO_32 + low;
  if (high < 0x200000) return putWhole(into, at, rounded);
  // Division by 10^10. The quotient of doubles is the right one or beside it; the rest, in steps that are all exact, tells.
  let quotient = (rounded / TEN_10) | 0;
  const quotientHigh = quotient >>> 16;
  const quotientLow = quotient & 0xffff;
  let rest =
    ((high - 2 * quotient) * TWO_16 - quotientHigh * TEN_10_LOW) * TWO_16 + (low - quotientLow * TEN_10_LOW);
  if (rest < 0) {
    rest += TEN_10;
    quotient--;
  } else if (rest >= TEN_10) {
    rest -= TEN_10;
    quotient++;
  }
  const end = putWhole(into, at, quotient);
  const top = (rest / TEN_8) | 0;
  into.setUint32(end, DIGITS[top * 100]!, true);
  return put8(into, end + 2, (rest - top * TEN_8) | 0);
}

/** Writes a signed 64-bit number from its two halves, both unsigned. */
export function putInt64(into: DataView, at: number, low: number, high: number): number {
  if (high < TWO_31) return putUint64(into, at, low, high);
  into.setUint8(at, MINUS);
  return putUint64(into, at + 1, -low >>> 0, (~high + (low === 0 ? 1 : 0)) >>> 0);
}

/**
 * Writes a finite double.
 *
 * Much of what is measured is a count of 1024ths (MiB from KiB) or has few decimals, and then needs no search: a decimal of
 * at most 15 digits is the shortest of the double it reads as, because no two of them read as the same double.
 */
export function putFloat64(into: DataView, at: number, value: number): number {
  if (value === 0) return putZero(into, at, value);
  let to = at;
  let magnitude = value;
  if (value < 0) {
    into.setUint8(to++, MINUS);
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
        into.setUint8(to++, POINT);
        const word = part * FRACTION_WORDS;
        into.setUint32(to, FRACTIONS[word]!, true);
        into.setUint32(to + 4, FRACTIONS[word + 1]!, true);
        into.setUint32(to + 8, FRACTIONS[word + 2]!, true);
        return to + places;
      }
    } else {
      // Below 2^31 doubles lie closer than 10^-6: no two decimals of so many places read as the same one.
      const scaled = Math.floor(magnitude * FEW_SCALE + 0.5);
      if (scaled / FEW_SCALE === magnitude) {
        return putPlaces(into, putWhole(into, to, whole), scaled - whole * FEW_SCALE, FEW_PLACES);
      }
    }
  }
  return putAscii(into, to, String(magnitude));
}

/** Writes a finite float, as a double that `Math.fround` leaves as it is. */
export function putFloat32(into: DataView, at: number, value: number): number {
  if (value === 0) return putZero(into, at, value);
  let to = at;
  let magnitude = value;
  if (value < 0) {
    into.setUint8(to++, MINUS);
    magnitude = -value;
  }
  if (magnitude < TWO_24) {
    const whole = magnitude | 0;
    if (whole === magnitude) return putWhole(into, to, whole);
    if (magnitude >= 0.01) {
      // Where six digits are enough, the nearest decimal of six is the shortest with zeros behind: fewer digits lie at a
      // distance that is less than half of the sixth. Else one more is tried at a time. Nine always do.
      for (let places = sixDigitPlaces(magnitude); ; places++) {
        const scale = TENS[places]!;
        const scaled = Math.floor(magnitude * scale + 0.5);
        const decimal = scaled / scale;
        if (Math.fround(decimal) === magnitude) {
          const most = Math.floor(decimal);
          return putPlaces(into, putWhole(into, to, most), scaled - most * scale, places);
        }
      }
    }
  }
  return putAscii(into, to, String(shortestFloat(magnitude)));
}

/** Writes a text of ASCII. */
export function putAscii(into: DataView, at: number, text: string): number {
  const { length } = text;
  for (let index = 0; index < length; index++) into.setUint8(at + index, text.charCodeAt(index));
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

function putZero(into: DataView, at: number, zero: number): number {
  return Object.is(zero, -0) ? putAscii(into, at, "-0.0") : put4AtMost(into, at, 0);
}

/** Decimals that make six digits with what stands before the point, for 0.01 to 10^7. */
function sixDigitPlaces(magnitude: number): number {
  if (magnitude >= 1000) return magnitude >= 100_000 ? 0 : magnitude >= 10_000 ? 1 : 2;
  if (magnitude >= 1) return magnitude >= 100 ? 3 : magnitude >= 10 ? 4 : 5;
  return magnitude >= 0.1 ? 6 : 7;
}

/** Writes a whole number below 10^8 without leading zeros. */
function put8AtMost(into: DataView, at: number, value: number): number {
  if (value < 10_000) return put4AtMost(into, at, value);
  const high = (value / 10_000) | 0;
  const to = put4AtMost(into, at, high);
  into.setUint32(to, DIGITS[value - high * 10_000]!, true);
  return to + 4;
}

function put4AtMost(into: DataView, at: number, value: number): number {
  const zeros = value >= 100 ? (value >= 1000 ? 0 : 1) : value >= 10 ? 2 : 3;
  into.setUint32(at, DIGITS[value]! >>> (zeros * 8), true);
  return at + 4 - zeros;
}

function put8(into: DataView, at: number, value: number): number {
  const high = (value / 10_000) | 0;
  into.setUint32(at, DIGITS[high]!, true);
  into.setUint32(at + 4, DIGITS[value - high * 10_000]!, true);
  return at + 8;
}

/**
 * Writes a point and `places` (at most 10) decimals, given as a whole number, without the zeros at their end; nothing when
 * all of them are.
 */
function putPlaces(into: DataView, at: number, decimals: number, places: number): number {
  if (decimals === 0) return at;
  const twelve = decimals * TENS[12 - places]!;
  const high = (twelve / TEN_8) | 0;
  into.setUint8(at, POINT);
  into.setUint32(at + 1, DIGITS[high]!, true);
  let to = put8(into, at + 5, (twelve - high * TEN_8) | 0);
  while (into.getUint8(to - 1) === ZERO) to--;
  return to;
}

const PARTS = 1024;
/** Of 1/1024 = 0.0009765625. */
const MOST_PLACES = 10;
/** Below which whole number a fraction of so many places leaves at most 15 digits in all. */
const WHOLE_LIMIT = Float64Array.from({ length: MOST_PLACES + 1 }, (_, places) => 10 ** (15 - places));
const TENS = Float64Array.from({ length: 13 }, (_, places) => 10 ** places);
/** The four digits of each number below 10 000, the first in the lowest byte. */
const DIGITS = digitWords();
/** For each number of 1024ths, its decimals without trailing zeros: the digits in three words, and how many. */
const FRACTION_WORDS = 3;
const FRACTIONS = new Uint32Array(PARTS * FRACTION_WORDS);
const PLACES = new Uint8Array(PARTS);
for (let part = 1; part < PARTS; part++) {
  const digits = String(part / PARTS).slice(2);
  for (let word = 0; word < FRACTION_WORDS; word++) {
    FRACTIONS[part * FRACTION_WORDS + word] = wordOf(digits, word * 4);
  }
  PLACES[part] = digits.length;
}

/** Reckoned rather than written out as text: every thread does it when it starts. */
function digitWords(): Uint32Array {
  const words = new Uint32Array(10_000);
  const pairs = Uint32Array.from(
    { length: 100 },
    (_, two) => (ZERO + Math.floor(two / 10)) | ((ZERO + (two % 10)) << 8),
  );
  for (let value = 0; value < 10_000; value++) {
    words[value] = pairs[Math.floor(value / 100)]! | (pairs[value % 100]! << 16);
  }
  return words;
}

/** Four characters of ASCII from `from` on, as they lie in memory; zeros where there are none. */
function wordOf(text: string, from: number): number {
  let word = 0;
  for (let index = 3; index >= 0; index--) word = (word << 8) | (text.charCodeAt(from + index) || 0);
  return word;
}
