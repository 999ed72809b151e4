/**
 * Moments as text, both ways: RFC 3339, the profile of ISO 8601 that JSON Schema calls `date-time`. Written in UTC with
 * milliseconds, always 24 characters. Read by hand, as the engines' `Date.parse` differ in what else they let through.
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** First and last millisecond of the years that RFC 3339 can write, 0000 to 9999. */
export const MIN_MOMENT_MS = -62_167_219_200_000;
export const MAX_MOMENT_MS = 253_402_300_799_999;

/** 2000-01-01: pushed rows are not of before. Today's time in seconds, read as milliseconds, is of January 1970. */
export const FIRST_PUSHED_MS = 946_684_800_000;

/** Bytes of a written moment. */
export const MOMENT_BYTES = 24;

/**
 * Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`, with a space in place of the T as well (RFC 3339, 5.6: pandas writes it so); what lies
 * below a millisecond is cut off.
 * @returns milliseconds since the epoch, or NaN when the text is no such moment (a 30th of February and a leap second included)
 */
export function parseMoment(text: string): number {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  const shaped =
    text[4] === "-" && text[7] === "-" && isOneOf(text[10], "Tt ") && text[13] === ":" && text[16] === ":";
  if (!shaped || !(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) {
    return Number.NaN;
  }
  if (!(hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60))
    return Number.NaN;
  let at = 19;
  let ms = 0;
  if (text[at] === ".") {
    const from = ++at;
    while (digits(text, at, 1) >= 0) {
      if (at - from < 3) ms = ms * 10 + digits(text, at, 1);
      at++;
    }
    if (at === from) return Number.NaN;
    for (let places = at - from; places < 3; places++) ms *= 10;
  }
  const offsetMinutes = parseZone(text, at);
  const minutes = hour * 60 + minute - offsetMinutes;
  return daysSinceEpoch(year, month, day) * DAY_MS + minutes * MINUTE_MS + second * 1000 + ms;
}

/** Writes moments one after the other: the date is made anew only when the day changes. One object a column. */
export class MomentWriter {
  #dayStartMs = Number.NaN;
  #ms = Number.NaN;
  readonly #text = new Uint8Array(MOMENT_BYTES);
  readonly #words = new Uint32Array(this.#text.buffer);

  /**
   * Writes `YYYY-MM-DDThh:mm:ss.mmmZ` at byte `at`, where there is room for 24.
   * @returns the place after it, or -1 when the year is not one of 0000 to 9999; nothing is written then
   */
  write(into: DataView, at: number, ms: number): number {
    if (ms !== this.#ms && !this.#set(ms)) return -1;
    const words = this.#words;
    for (let word = 0; word < words.length; word++) into.setUint32(at + word * 4, words[word]!, true);
    return at + MOMENT_BYTES;
  }

  #set(ms: number): boolean {
    if (!(ms >= MIN_MOMENT_MS && ms <= MAX_MOMENT_MS)) return false;
    const text = this.#text;
    let rest = ms - this.#dayStartMs;
    if (!(rest >= 0 && rest < DAY_MS)) {
      this.#dayStartMs = Math.floor(ms / DAY_MS) * DAY_MS;
      rest = ms - this.#dayStartMs;
      const iso = new Date(this.#dayStartMs).toISOString();
      for (let index = 0; index < MOMENT_BYTES; index++) text[index] = iso.charCodeAt(index);
    }
    const seconds = Math.floor(rest / 1000);
    const minutes = Math.floor(seconds / 60);
    const millis = rest - seconds * 1000;
    put2(text, 11, Math.floor(minutes / 60));
    put2(text, 14, minutes % 60);
    put2(text, 17, seconds % 60);
    const hundreds = Math.floor(millis / 100);
    text[20] = 48 + hundreds;
    put2(text, 21, millis - hundreds * 100);
    this.#ms = ms;
    return true;
  }
}

function put2(into: Uint8Array, at: number, value: number): void {
  const tens = Math.floor(value / 10);
  into[at] = 48 + tens;
  into[at + 1] = 48 + value - tens * 10;
}

/** Minutes east of UTC of the zone that ends the text; NaN when it is none. */
function parseZone(text: string, at: number): number {
  if (isOneOf(text[at], "Zz")) return text.length === at + 1 ? 0 : Number.NaN;
  const hours = digits(text, at + 1, 2);
  const minutes = digits(text, at + 4, 2);
  const inRange = hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
  if (!inRange || text[at + 3] !== ":" || text.length !== at + 6) return Number.NaN;
  const total = hours * 60 + minutes;
  return text[at] === "+" ? total : text[at] === "-" ? -total : Number.NaN;
}

/** The whole number that `count` digits make; NaN when one of them is no digit. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function isOneOf(character: string | undefined, allowed: string): boolean {
  return character !== undefined && allowed.includes(character);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar (http://howardhinnant.github.io/date_algorithms.html#days_from_civil). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
