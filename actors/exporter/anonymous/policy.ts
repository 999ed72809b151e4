/** What an anonymous export must keep, and the answer when it cannot. */

import type { Refused } from "../../refused.ts";

export interface AnonymousPolicy {
  /** Rows that must be alike in all quasi-identifiers at the least; whole, from 2 to 1000. */
  readonly k: number;
  /** Share of the rows that may be left out to reach it, from 0 to 1. */
  readonly maxSuppressed: number;
}

export const DEFAULT_POLICY: AnonymousPolicy = { k: 5, maxSuppressed: 0.1 };

/** Nothing is written. The message says what was reached, and what would do. */
export type BelowPolicy = Refused<"below-policy">;
