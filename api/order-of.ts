/** What a program asks for, as an order of the exporter. */

import type { ExportOrder } from "../actors/exporter/order.ts";
import { type Refused, refuse } from "../actors/refused.ts";
import { MAX_MOMENT_MS, MIN_MOMENT_MS, parseMoment } from "../datasets/moment-text.ts";
import { exportNames, namedExport, namedRows } from "../datasets/named-export.ts";
import type { Moment } from "./moment.ts";
import type {
  ExportNamedOptions,
  ExportOptions,
  ExportRangeOptions,
  ExportRecentOptions,
} from "./store-client.ts";

const DEFAULT_HOURS = 24;
const MAX_HOURS = 24 * 366 * 10;
const HOUR_MS = 3_600_000;

export type OrderOf =
  | { readonly ok: true; readonly order: ExportOrder }
  | Refused<"bad-range" | "bad-option">;

export function orderOfRange(options: ExportRangeOptions): OrderOf {
  const span = spanOf(options);
  return span.ok ? { ok: true, order: orderOf(options, span.fromMs, span.toMs) } : span;
}

/** Event times in milliseconds; without a bound where none is given. */
export function spanOf({
  from,
  to,
}: Pick<ExportRangeOptions, "from" | "to">):
  | { readonly ok: true; readonly fromMs: number; readonly toMs: number }
  | Refused<"bad-range"> {
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : momentMs(from);
  if (Number.isNaN(fromMs)) return badMoment("from", from);
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : momentMs(to);
  if (Number.isNaN(toMs)) return badMoment("to", to);
  return { ok: true, fromMs, toMs };
}

export function orderOfRecent(options: ExportRecentOptions, nowMs: number): OrderOf {
  const { hours = DEFAULT_HOURS } = options;
  if (!(hours > 0 && hours <= MAX_HOURS)) {
    return refuse(
      "bad-range",
      `expected hours to be a number above 0, at most ${MAX_HOURS}; came ${String(hours)}`,
    );
  }
  return { ok: true, order: orderOf(options, nowMs - Math.ceil(hours * HOUR_MS), nowMs) };
}

/** An export that the dataset has by name, until now where nothing else is given. */
export function orderOfNamed({ name, ...options }: ExportNamedOptions, nowMs: number): OrderOf {
  const known = namedExport(options.dataset, name);
  if (known === undefined) {
    const names = exportNames(options.dataset);
    const expected =
      names.length === 0 ? `${options.dataset} has none` : `expected one of ${names.join(", ")}`;
    return refuse("bad-option", `${expected}; came the export ${JSON.stringify(name.slice(0, 60))}`);
  }
  const { hours, ...rows } = namedRows(known);
  const toMs = options.to ?? nowMs;
  const from = options.from ?? momentMs(toMs) - hours * HOUR_MS;
  return orderOfRange({ ...rows, ...options, from, to: toMs });
}

function orderOf(options: ExportOptions, fromMs: number, toMs: number): ExportOrder {
  const { dataset, format, columns, where, newest, compression, profile, k, maxSuppressed } = options;
  return {
    dataset,
    format,
    fromMs,
    toMs,
    ...(columns === undefined ? {} : { columns }),
    ...(where === undefined ? {} : { where }),
    ...(newest === undefined ? {} : { newest }),
    ...(compression === undefined ? {} : { compression }),
    ...(profile === undefined ? {} : { profile }),
    ...(k === undefined ? {} : { k }),
    ...(maxSuppressed === undefined ? {} : { maxSuppressed }),
  };
}

/** NaN for what is no moment. */
function momentMs(moment: Moment): number {
  const ms =
    typeof moment === "string" ? parseMoment(moment) : typeof moment === "number" ? moment : moment.getTime();
  return ms >= MIN_MOMENT_MS && ms <= MAX_MOMENT_MS ? ms : Number.NaN;
}

function badMoment(name: string, came: Moment | undefined): Refused<"bad-range"> {
  const shown = typeof came === "string" ? JSON.stringify(came.slice(0, 60)) : String(came);
  return refuse(
    "bad-range",
    `expected ${name} to be a time: a Date, milliseconds since 1970, or text such as 2026-01-31T12:00:00Z; came ${shown}`,
  );
}
