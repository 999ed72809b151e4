/**
 * The time range of an anonymous export. Its times are told to the hour, so its range is of whole hours, and of hours that
 * are over: of a range that ends at 14:03, or a file made then, who reads "14:00" would know three minutes and not an hour.
 */

export interface TimeRange {
  /** Event times in milliseconds since the epoch: from inclusive, to exclusive. ±Infinity: no bound. */
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;

/**
 * Takes both ends down to the hour, as the times themselves are, and the end no further than the hour that is not over. It
 * may be empty (from = to) when less than an hour was asked for.
 * @param nowMs wall time in milliseconds
 */
export function wholeHours({ fromMs, toMs }: TimeRange, nowMs: number): TimeRange {
  const end = floorHour(Math.min(toMs, nowMs));
  return { fromMs: Math.min(floorHour(fromMs), end), toMs: end };
}

function floorHour(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}
