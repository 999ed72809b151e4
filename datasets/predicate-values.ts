/**
 * What a comparison with a written value means for a column: an interval of its values, both ends included, or some of a
 * closed list. Strict bounds become the next value that the column's type has, so that one test serves all operators.
 *
 * Whole numbers are reckoned as such, whatever their size: `> 1.5` is `>= 2`, and no 64-bit number is rounded.
 */

import type { PublicColumn } from "./dataset.ts";
import { parseMoment } from "./moment-text.ts";
import { nextDouble, nextFloat } from "./neighbours.ts";
import type { Token } from "./predicate-tokens.ts";

export const OPERATORS = ["=", "!=", "<>", "<=", ">=", "<", ">"] as const;
export type Operator = (typeof OPERATORS)[number];

export type ValueTest =
  /** Floating point, compared as doubles. */
  | { readonly kind: "real"; readonly least: number; readonly most: number }
  /** Whole numbers and moments. */
  | { readonly kind: "whole"; readonly least: bigint; readonly most: bigint }
  /** Places in the list of a category; 0 and 1 of a flag. */
  | { readonly kind: "listed"; readonly places: readonly number[] };

export type ValueVerdict =
  | { readonly ok: true; readonly test: ValueTest }
  | { readonly ok: false; readonly expected: string };

/** Beyond every 64-bit number. */
const FAR = 2n ** 66n;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** @param operator any but != and <>, which are negations of = */
export function valueTest(
  { name, field }: PublicColumn,
  operator: Operator,
  { kind, value }: Pick<Token, "kind" | "value">,
): ValueVerdict {
  const missing = kind === "word" && value.toLowerCase() === "null";
  const expect = (what: string): ValueVerdict => ({
    ok: false,
    expected: missing ? `${what} (or ${name} is null)` : what,
  });
  switch (field.type) {
    case "f64":
    case "f32": {
      if (kind !== "number") return expect(`a number, as ${name} is one`);
      const number = field.type === "f32" ? Math.fround(Number(value)) : Number(value);
      return {
        ok: true,
        test: realInterval(operator, number, field.type === "f32" ? nextFloat : nextDouble),
      };
    }
    case "timestamp": {
      const ms = kind === "text" ? parseMoment(DAY.test(value) ? `${value}T00:00:00Z` : value) : Number.NaN;
      if (Number.isNaN(ms)) return expect(`a moment such as '2026-01-01T00:00:00Z', as ${name} is one`);
      return { ok: true, test: wholeInterval(operator, BigInt(ms), BigInt(ms)) };
    }
    case "bool":
    case "category":
    case "utf8": {
      if (operator !== "=") return { ok: false, expected: `= != in or not in before a value of ${name}` };
      const list = field.type === "bool" ? ["false", "true"] : (field.values ?? []);
      const isGiven = field.type === "bool" ? kind === "word" : kind === "text";
      const place = list.indexOf(field.type === "bool" ? value.toLowerCase() : value);
      if (!isGiven || place < 0) return expect(oneOf(name, list, field.type === "bool" ? "" : "'"));
      return { ok: true, test: { kind: "listed", places: [place] } };
    }
    default: {
      const isWide = field.type === "u64" || field.type === "i64";
      const isNumber = kind === "number" || (isWide && kind === "text" && /^-?\d+$/.test(value));
      if (!isNumber) return expect(`a number, as ${name} is one`);
      return { ok: true, test: wholeInterval(operator, ...wholesAround(value)) };
    }
  }
}

function oneOf(name: string, list: readonly string[], quote: string): string {
  const values = list.map((value) => `${quote}${value.replaceAll("'", "''")}${quote}`);
  return `one of ${values.join(", ")}, as ${name} is`;
}

function realInterval(
  operator: Operator,
  value: number,
  next: (value: number, direction: 1 | -1) => number,
): ValueTest {
  const [lowest, highest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const interval = (least: number, most: number): ValueTest => ({ kind: "real", least, most });
  switch (operator) {
    case "<":
      return value === lowest ? interval(highest, lowest) : interval(lowest, next(value, -1));
    case "<=":
      return interval(lowest, value);
    case ">":
      return value === highest ? interval(highest, lowest) : interval(next(value, 1), highest);
    case ">=":
      return interval(value, highest);
    default:
      return interval(value, value);
  }
}

/** @param below the value, or the next whole number below it; @param above or above it */
function wholeInterval(operator: Operator, below: bigint, above: bigint): ValueTest {
  const interval = (least: bigint, most: bigint): ValueTest => ({ kind: "whole", least, most });
  switch (operator) {
    case "<":
      return interval(-FAR, above - 1n);
    case "<=":
      return interval(-FAR, below);
    case ">":
      return interval(below + 1n, FAR);
    case ">=":
      return interval(above, FAR);
    default:
      // Empty when the value is not whole.
      return interval(above, below);
  }
}

/** The nearest whole numbers not above and not below a written number; those beyond all 64-bit numbers are all alike. */
function wholesAround(text: string): [below: bigint, above: bigint] {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = BigInt(`${whole}${fraction}`);
  if (digits === 0n) return [0n, 0n];
  const scale = Number(exponent) - fraction.length;
  const signed = (below: bigint, above: bigint): [bigint, bigint] =>
    sign === "-" ? [-above, -below] : [below, above];
  // 22 digits are more than any 64-bit number has; below 1 whatever its digits are.
  const places = String(digits).length + scale;
  if (places > 21) return signed(FAR - 2n, FAR - 2n);
  if (places <= 0) return signed(0n, 1n);
  if (scale >= 0) return signed(digits * 10n ** BigInt(scale), digits * 10n ** BigInt(scale));
  const divisor = 10n ** BigInt(-scale);
  const below = digits / divisor;
  return signed(below, digits % divisor === 0n ? below : below + 1n);
}
