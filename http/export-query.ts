/** Which span of time an export is asked for. */

import { MAX_MOMENT_MS, MIN_MOMENT_MS, parseMoment } from "../datasets/moment-text.ts";
import { echo } from "./problem.ts";

export type ExportSpan =
  /** Event times: from inclusive, to exclusive. */
  | { readonly ok: true; readonly fromMs: number; readonly toMs: number }
  | { readonly ok: false; readonly parameter: string; readonly expected: string; readonly came: string };

const PARAMETERS = ["hours", "from", "to"];
const DEFAULT_HOURS = 24;
const MAX_HOURS = 24 * 366 * 10;
const HOUR_MS = 3_600_000;
/** Epoch milliseconds. Ten digits would be seconds, which is what a slip looks like. */
const EPOCH_MS = /^\d{11,15}$/;
const MOMENT = "an ISO 8601 time with its zone (2026-01-31T12:00:00Z) or milliseconds since 1970";

/**
 * `from` and `to`, or the last `hours` before `to`. Defaults: 24 hours, until now. A parameter that is not known is refused,
 * not passed over: it was meant to narrow the export down.
 */
export function exportSpan(query: URLSearchParams, nowMs: number): ExportSpan {
  for (const name of query.keys()) {
    if (!PARAMETERS.includes(name)) {
      return refuse("query", `only the parameters ${PARAMETERS.join(", ")}`, echo(name));
    }
    if (query.getAll(name).length > 1) return refuse(name, "it once", "it more than once");
  }
  const hours = query.get("hours");
  const from = query.get("from");
  const to = query.get("to");
  if (hours !== null && from !== null) return refuse("hours", "either hours or from", "both");

  const toMs = to === null ? nowMs : momentMs(to);
  if (Number.isNaN(toMs)) return refuse("to", MOMENT, echo(to ?? ""));
  if (from !== null) {
    const fromMs = momentMs(from);
    if (Number.isNaN(fromMs)) return refuse("from", MOMENT, echo(from));
    if (fromMs >= toMs) return refuse("from", "a time before the end of the span", echo(from));
    return { ok: true, fromMs, toMs };
  }
  const span =
    hours === null ? DEFAULT_HOURS : /^\d{1,6}(?:\.\d{1,6})?$/.test(hours) ? Number(hours) : Number.NaN;
  if (!(span > 0 && span <= MAX_HOURS)) {
    return refuse("hours", `a number above 0, at most ${MAX_HOURS}`, echo(hours ?? ""));
  }
  return { ok: true, fromMs: Math.floor(toMs - span * HOUR_MS), toMs };
}

function momentMs(text: string): number {
  // An unescaped + arrives as a space.
  const ms = EPOCH_MS.test(text) ? Number(text) : parseMoment(text.replace(/ (?=\d\d:\d\d$)/, "+"));
  return ms >= MIN_MOMENT_MS && ms <= MAX_MOMENT_MS ? ms : Number.NaN;
}

function refuse(parameter: string, expected: string, came: string): ExportSpan {
  return { ok: false, parameter, expected, came };
}
