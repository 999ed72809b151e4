/**
 * How long to wait before a restart: exponential in the failures in a row, with jitter that only ever shortens it, so that
 * `maxMs` is a bound and children that fell together do not come back in step.
 */

import type { Backoff } from "./types.ts";

/**
 * `min(maxMs, initialMs × factor^failuresBefore) × (1 − jitter × chance)`, in whole milliseconds.
 * @param failuresBefore failures in a row before this one, ≥ 0
 * @param chance uniform in [0, 1)
 */
export function backoffDelayMs(backoff: Backoff, failuresBefore: number, chance: number): number {
  // 0 × Infinity is NaN: once the power overflows, only an initial wait of 0 keeps it from being the maximum.
  const grown = backoff.initialMs === 0 ? 0 : backoff.initialMs * backoff.factor ** failuresBefore;
  return Math.round(Math.min(backoff.maxMs, grown) * (1 - backoff.jitter * chance));
}
