/** Wilson's score interval of a rate, with 95 % confidence (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927): good for few rows, and near 0 and 1. */

import type { Agreement } from "./report.ts";

/** The 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054;

export function agreementOf(compared: number, agreed: number): Agreement {
  if (compared === 0) return { compared, agreed, rate: null, low: null, high: null };
  const rate = agreed / compared;
  const z2 = (Z * Z) / compared;
  const middle = rate + z2 / 2;
  const half = Z * Math.sqrt((rate * (1 - rate)) / compared + z2 / (4 * compared));
  // What rounding makes of the bounds of 0 and 1 is not to be beyond them.
  const low = agreed === 0 ? 0 : Math.max(0, (middle - half) / (1 + z2));
  const high = agreed === compared ? 1 : Math.min(1, (middle + half) / (1 + z2));
  return { compared, agreed, rate, low, high };
}
