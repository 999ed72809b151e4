/** Who is restarted when some children fail: the three strategies of Erlang/OTP, as a decision over plain lists. */

import type { Strategy } from "./types.ts";

/**
 * The members of `wanted` (in declared order: those that are to be up) that are restarted when `fallen` of them fail, in
 * declared order.
 */
export function restartGroup<T>(strategy: Strategy, wanted: readonly T[], fallen: readonly T[]): T[] {
  switch (strategy) {
    case "one-for-one":
      return wanted.filter((child) => fallen.includes(child));
    case "one-for-all":
      return [...wanted];
    case "rest-for-one": {
      const first = wanted.findIndex((child) => fallen.includes(child));
      return first < 0 ? [] : wanted.slice(first);
    }
  }
}
