/** When a request that came to nothing is sent again: exponential backoff with full jitter, and what the server says of it. */

const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/** Whether the same request may do better later: it came too slowly or too fast, or something is wrong on the server's side. */
export function mayRetry(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * Milliseconds to wait. @param attempt how often it was sent, from 1 on
 * @param afterMs what the server says, at least; 0: nothing. @param random from 0 to below 1
 */
export function retryDelayMs(attempt: number, afterMs: number, random: number): number {
  const spread = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20));
  // Those that were told the same moment do not come at the same moment.
  return afterMs + random * (afterMs > 0 ? Math.min(spread, afterMs) : spread);
}

/** A `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. 0 for none, or one that cannot be read. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - nowMs);
}
