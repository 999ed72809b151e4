/** Which span of time is asked for, the same at every door: `from` and `to`, or the last `hours` before `to`. */

import { MAX_MOMENT_MS, MIN_MOMENT_MS, parseMoment } from "../datasets/moment-text.ts";
import { came, type Fault, fault } from "./fault.ts";

export interface SpanInput {
  readonly hours?: string | number | undefined;
  /** Null: no bound. */
  readonly from?: string | number | null | undefined;
  readonly to?: string | number | null | undefined;
}

export type TimeSpan =
  /** Event times in milliseconds: from inclusive, to exclusive. */
  { readonly ok: true; readonly fromMs: number; readonly toMs: number } | Fault;

export const DEFAULT_HOURS = 24;
const MAX_HOURS = 24 * 366 * 10;
const HOUR_MS = 3_600_000;
/** Epoch milliseconds. Ten digits would be seconds, which is what a slip looks like. */
const EPOCH_MS = /^\d{11,15}$/;
/** What a moment is expected to be. */
export const MOMENT = "an ISO 8601 time with its zone (2026-01-31T12:00:00Z) or milliseconds since 1970";

/** Defaults: 24 hours, until now. A fault names `hours`, `from` or `to`. */
export function timeSpan({ hours, from, to }: SpanInput, nowMs: number): TimeSpan {
  if (hours !== undefined && from !== undefined) return fault("hours", "either hours or from", "both");
  const toMs = to === undefined ? nowMs : to === null ? Number.POSITIVE_INFINITY : momentMs(to);
  if (Number.isNaN(toMs)) return fault("to", MOMENT, came(to));
  if (from !== undefined) {
    const fromMs = from === null ? Number.NEGATIVE_INFINITY : momentMs(from);
    if (Number.isNaN(fromMs)) return fault("from", MOMENT, came(from));
    if (fromMs >= toMs) return fault("from", "a time before the end of the span", came(from));
    return { ok: true, fromMs, toMs };
  }
  if (to === null) return fault("from", "a start, as there is no end to count hours back from", "nothing");
  const span = hours === undefined ? DEFAULT_HOURS : hoursOf(hours);
  if (!(span > 0 && span <= MAX_HOURS)) {
    return fault("hours", `a number above 0, at most ${MAX_HOURS}`, came(hours));
  }
  return { ok: true, fromMs: toMs - Math.ceil(span * HOUR_MS), toMs };
}

function hoursOf(hours: string | number): number {
  if (typeof hours === "number") return hours;
  return /^\d{1,6}(?:\.\d{1,6})?$/.test(hours) ? Number(hours) : Number.NaN;
}

/** Of a moment as it is given over HTTP. NaN: it is none. */
export function momentMs(given: string | number): number {
  const text = String(given);
  // An unescaped + of an address arrives as a space.
  const ms = EPOCH_MS.test(text) ? Number(text) : parseMoment(text.replace(/ (?=\d\d:\d\d$)/, "+"));
  return ms >= MIN_MOMENT_MS && ms <= MAX_MOMENT_MS ? ms : Number.NaN;
}
