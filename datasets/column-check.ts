/** One column's share of the validator: what it accepts, and what a refusal says. See validate.ts. */

import {
  boundsOf,
  CHARACTER_BYTES,
  type ColumnSpec,
  type ColumnType64,
  F32_MAX,
  fullBoundsOf,
  isTextualCategory,
  maxCharacters,
} from "./column.ts";
import { maxTextBytes } from "./define.ts";
import { MIN_MOMENT_MS, parseMoment } from "./moment-text.ts";
import { generalizePlace } from "./places.ts";
import type { RejectionReason } from "./rejection.ts";
import type { RowValue } from "./row.ts";
import { characterCount, utf8Length } from "./utf8.ts";

export class Fault {
  readonly reason: RejectionReason;

  constructor(reason: RejectionReason) {
    this.reason = reason;
  }
}

export interface ColumnCheck {
  /** What the column accepts, for a refusal. */
  readonly expected: string;
  /** The value in the form rows have inside, or why it is refused. Never called with null or undefined. */
  check(value: unknown): RowValue | Fault;
  /** What came, for a refusal: the number itself in a measure or moment, else type and length. */
  tell(value: unknown, reason: RejectionReason): string;
}

const TYPE = new Fault("type");
const BOUND = new Fault("bound");
const CATEGORY = new Fault("category");
const LENGTH = new Fault("length");

const DECIMAL = /^(?:0|-?[1-9][0-9]*)$/;
/** Digits and sign of the longest 64-bit number. */
const LONGEST_DECIMAL = 20;

type Check = Pick<ColumnCheck, "expected" | "check">;

export function columnCheck(column: ColumnSpec): ColumnCheck {
  const showsNumbers = column.class === "measure" || column.class === "moment";
  const isLimited =
    isTextualCategory(column) || (column.class === "identifier" && maxCharacters(column) !== undefined);
  return {
    ...checkOf(column),
    tell(value, reason) {
      if (reason === "length" && typeof value === "string") {
        const characters = `${characterCount(value)} characters`;
        // Of a column that bounds both, both are told: either may be too many.
        if (isLimited && !boundsBytes(column)) return `text of ${characters}`;
        return `text of ${isLimited ? `${characters} and ` : ""}${utf8Length(value)} bytes`;
      }
      if (column.class === "moment" && reason === "bound" && isInSeconds(value, column))
        return `${value}, which looks like seconds`;
      if (showsNumbers && (typeof value === "number" || typeof value === "bigint")) return String(value);
      return whatCame(value);
    },
  };
}

/** Type and length of a value, and nothing of the value itself. */
export function whatCame(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "string") return `text of ${value.length} characters`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function checkOf(column: ColumnSpec): Check {
  switch (column.type) {
    case "f64":
    case "f32":
      return floatCheck(column);
    case "u8":
    case "u16":
    case "u32":
    case "i32":
      return integerCheck(column);
    case "u64":
    case "i64":
      return integer64Check(column, column.type);
    case "bool":
      return {
        expected: "true or false",
        check: (value) => (typeof value === "boolean" ? value : TYPE),
      };
    case "category":
      if (column.class === "place") return anyTextCheck(maxCharacters(column)!, generalizePlace);
      if (!isTextualCategory(column)) return categoryCheck(column.values);
      return anyTextCheck(maxCharacters(column)!, otherwise(column.values, column.otherwise));
    case "timestamp":
      return momentCheck(column);
    case "utf8":
      return column.maxCharacters === undefined
        ? textCheck(maxTextBytes(column))
        : shortTextCheck(column.maxCharacters, maxTextBytes(column), boundsBytes(column));
  }
}

function floatCheck(column: ColumnSpec): Check {
  const [min, max] = boundsOf(column);
  return {
    expected: `a number ${column.class === "measure" && column.above !== undefined ? aboveText(column.above, max) : rangeText(min, max)}`,
    check(value) {
      if (typeof value !== "number") return TYPE;
      if (value >= min && value <= max) return value;
      return Number.isNaN(value) ? TYPE : BOUND;
    },
  };
}

function integerCheck(column: ColumnSpec): Check {
  const [min, max] = boundsOf(column);
  return {
    expected: `a whole number ${rangeText(min, max)}`,
    check(value) {
      if (typeof value !== "number") return TYPE;
      // Adding 0 makes -0 the 0 that the column will hold.
      if (Number.isInteger(value)) return value >= min && value <= max ? value + 0 : BOUND;
      return isInfinite(value) ? BOUND : TYPE;
    },
  };
}

function integer64Check(column: ColumnSpec, type: ColumnType64): Check {
  const [min, max] = fullBoundsOf(column, type);
  const minNumber = Number(min);
  const maxNumber = Math.min(Number(max), Number.MAX_SAFE_INTEGER);
  const checkBig = (value: bigint) => {
    if (value < min || value > max) return BOUND;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  };
  return {
    expected: `a whole number ${rangeText(min, max)}${maxNumber < max ? ", beyond 2^53 - 1 only as decimal text" : ""}`,
    check(value) {
      if (typeof value === "number") {
        if (Number.isSafeInteger(value)) return value >= minNumber && value <= maxNumber ? value + 0 : BOUND;
        return Number.isInteger(value) || isInfinite(value) ? BOUND : TYPE;
      }
      if (typeof value === "bigint") return checkBig(value);
      if (typeof value !== "string" || !DECIMAL.test(value)) return TYPE;
      return value.length > LONGEST_DECIMAL ? BOUND : checkBig(BigInt(value));
    },
  };
}

function categoryCheck(values: readonly string[]): Check {
  const known = new Set(values);
  return {
    expected: `one of ${values.join(", ")}`,
    check(value) {
      if (typeof value !== "string") return TYPE;
      return known.has(value) ? value : CATEGORY;
    },
  };
}

function textCheck(maxBytes: number): Check {
  return {
    expected: `text of at most ${maxBytes} bytes of UTF-8`,
    check(value) {
      if (typeof value !== "string") return TYPE;
      // One unit of text is at most three bytes, so that short texts need no counting.
      if (value.length * 3 > maxBytes && utf8Length(value) > maxBytes) return LENGTH;
      return value;
    },
  };
}

/** Text that is counted in characters. @param maxBytes with its own say only where fewer than that many characters may take */
function shortTextCheck(mostCharacters: number, maxBytes: number, isBytes: boolean): Check {
  return {
    expected: `text of at most ${mostCharacters} characters${isBytes ? ` and ${maxBytes} bytes of UTF-8` : ""}`,
    check(value) {
      if (typeof value !== "string") return TYPE;
      if (isTooLong(value, mostCharacters)) return LENGTH;
      return isBytes && utf8Length(value) > maxBytes ? LENGTH : value;
    },
  };
}

/** Text of which only what it is taken for is kept. */
function anyTextCheck(mostCharacters: number, kept: (text: string) => string): Check {
  return {
    expected: `text of at most ${mostCharacters} characters`,
    check(value) {
      if (typeof value !== "string") return TYPE;
      return isTooLong(value, mostCharacters) ? LENGTH : kept(value);
    },
  };
}

function otherwise(values: readonly string[], other: string): (text: string) => string {
  const known = new Set(values);
  return (text) => (known.has(text) ? text : other);
}

function isTooLong(text: string, mostCharacters: number): boolean {
  // Each character is one unit of text, or two.
  return text.length > mostCharacters && characterCount(text) > mostCharacters;
}

/** Whether an identifier's text may be too many bytes while it is not too many characters. */
function boundsBytes(column: ColumnSpec): boolean {
  if (column.class !== "identifier" || column.type !== "utf8" || column.maxCharacters === undefined)
    return false;
  return maxTextBytes(column) < column.maxCharacters * CHARACTER_BYTES;
}

function momentCheck(column: ColumnSpec): Check {
  const [min, max] = boundsOf(column);
  const years = min > MIN_MOMENT_MS ? `from ${new Date(min).toISOString()} on` : "of the years 0000 to 9999";
  return {
    expected: `a moment ${years}: whole milliseconds since 1970, or text with its zone like 2026-01-31T12:00:00.000Z`,
    check(value) {
      let ms = value;
      if (typeof value === "string") {
        ms = parseMoment(value);
        if (Number.isNaN(ms)) return TYPE;
      }
      if (typeof ms !== "number") return TYPE;
      if (Number.isInteger(ms)) return ms >= min && ms <= max ? ms + 0 : BOUND;
      return isInfinite(ms) ? BOUND : TYPE;
    },
  };
}

/** Whether a number that is no moment of the column would be one in seconds. */
function isInSeconds(value: unknown, column: ColumnSpec): boolean {
  const [min, max] = boundsOf(column);
  return typeof value === "number" && value < min && value * 1000 >= min && value * 1000 <= max;
}

function aboveText(above: number, max: number): string {
  return max >= F32_MAX ? `above ${above}` : `above ${above}, up to ${max}`;
}

function rangeText(min: number | bigint, max: number | bigint): string {
  // What ends only where the type does is not worth 39 digits.
  const isOpenBelow = min <= -F32_MAX;
  if (max >= F32_MAX) return isOpenBelow ? "that is finite" : `of at least ${min}`;
  return isOpenBelow ? `of at most ${max}` : `from ${min} to ${max}`;
}

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}
