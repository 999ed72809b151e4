/**
 * What a client wants of a stream, read from an address or from a message of a WebSocket, into a subscription of the feed.
 * Whether the columns and the filter fit the datasets is for the broadcaster to say, the same to all transports.
 */

import { type Positions, parsePositions } from "../../actors/broadcaster/positions.ts";
import { usualWhenFull, wishFault } from "../../actors/feed/check-wish.ts";
import { type From, type Subscription, WHEN_FULL } from "../../actors/feed/subscription.ts";
import { type Framing, STREAM_FORMATS, type StreamFormat } from "../../datasets/records/format.ts";
import { came, type Fault, fault } from "../fault.ts";
import { MOMENT, momentMs } from "../time-span.ts";
import { EVENT_STREAM, RAW_TYPES, type StreamForm, streamForm } from "./media-types.ts";

/** Instead of a dataset's name: all of them. */
export const ALL = "all";

/** The largest of all bounds here is that of a filter; a longer one is refused by its parser. */
const MAX_COLUMNS = 200;
const RELATIVE = /^-(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SINCE = `${MOMENT}, or how long ago it was (-15m, -2h)`;

export interface Known {
  /** Names of all datasets, in declared order. */
  readonly datasets: readonly string[];
  readonly nowMs: number;
}

/** What is wanted, each part of a checked kind, and not yet checked against the others. */
export interface WishParts {
  readonly datasets: readonly string[];
  readonly format: string | undefined;
  readonly columns: readonly string[] | undefined;
  readonly where: string | undefined;
  readonly since: string | number | undefined;
  readonly positions: Positions | undefined;
  readonly whenFull: string | undefined;
}

export type WishRead = { readonly ok: true; readonly wish: Subscription } | Fault;
export type AddressRead =
  | { readonly ok: true; readonly wish: Subscription; readonly contentType: string }
  | Fault;

export interface AddressInput {
  /** The last part of the path: a dataset that there is, or ALL. */
  readonly dataset: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly lastEventId: string | undefined;
  /** The answer is a WebSocket. */
  readonly isSocket: boolean;
}

/** Reads an address and the headers that belong to it. The fault of a header is named after it: `accept`. */
export function wishFromAddress(input: AddressInput, known: Known): AddressRead {
  const { query, isSocket } = input;
  const get = (name: string) => query.get(name) ?? undefined;
  const datasets = datasetsOf(input, known);
  if ("parameter" in datasets) return datasets;
  const format = oneOf("format", get("format"), STREAM_FORMATS);
  if (typeof format === "object") return format;
  const form = isSocket ? socketForm(format, get("framing")) : httpForm(format, get("framing"), input.accept);
  if ("parameter" in form) return form;
  const { lastEventId } = input;
  const positions =
    lastEventId === undefined
      ? undefined
      : parsePositions(lastEventId, datasets.length === 1 ? datasets : known.datasets);
  const read = wishOf(
    {
      datasets,
      format: form.format,
      columns: list(get("columns")),
      where: get("where"),
      // A browser that connects again brings its id beside the address that it began with.
      since: positions === undefined ? get("since") : undefined,
      positions,
      whenFull: get("whenFull"),
    },
    form.framing,
    known,
  );
  return read.ok ? { ...read, contentType: form.contentType } : read;
}

/** Checks the parts of a wish against each other. A fault names the part. */
export function wishOf(parts: WishParts, framing: Framing, known: Known): WishRead {
  const { columns, where } = parts;
  const datasets = [...new Set(parts.datasets)];
  const format = oneOf("format", parts.format, STREAM_FORMATS) ?? "jsonl";
  if (typeof format === "object") return format;
  if (columns !== undefined && !(columns.length > 0 && columns.length <= MAX_COLUMNS)) {
    return fault("columns", `from 1 to ${MAX_COLUMNS} names of columns`, `${columns.length}`);
  }
  const whenFull = oneOf("whenFull", parts.whenFull, WHEN_FULL) ?? usualWhenFull({ format, framing });
  if (typeof whenFull === "object") return whenFull;
  const wish = { datasets, format, framing, columns: columns ?? null, whenFull };
  const wrong = wishFault(wish, known.datasets);
  if (wrong?.rule === "one-schema") {
    return fault("format", "another one for several datasets, as an Arrow stream has one schema", format);
  }
  if (wrong !== undefined) return fault(wrong.part, wrong.expected, wrong.came);
  const from = fromOf(parts, datasets, known);
  if ("parameter" in from) return from;
  return { ok: true, wish: { ...wish, where: where ?? null, from } };
}

function datasetsOf({ dataset, query }: AddressInput, { datasets }: Known): readonly string[] | Fault {
  const some = list(query.get("datasets") ?? undefined);
  if (some === undefined) return dataset === ALL ? datasets : [dataset];
  return dataset === ALL
    ? some
    : fault("datasets", `it with /v1/streams/${ALL} alone`, "it with one dataset");
}

function httpForm(
  format: StreamFormat | undefined,
  framing: string | undefined,
  accept: string | undefined,
): StreamForm | Fault {
  const wanted = oneOf("framing", framing, ["sse", "raw"]);
  if (typeof wanted === "object") return wanted;
  const types = STREAM_FORMATS.map((name) => RAW_TYPES[name][0]).join(", ");
  return streamForm(wanted, format, accept) ?? fault("accept", `${EVENT_STREAM}, ${types}`, came(accept));
}

function socketForm(format: StreamFormat | undefined, framing: string | undefined) {
  if (framing !== undefined) return fault("framing", "none, as a WebSocket has its own", came(framing));
  return { framing: "message", format: format ?? "jsonl", contentType: "" } as const;
}

function fromOf(
  { since, positions }: WishParts,
  datasets: readonly string[],
  { nowMs }: Known,
): From | Fault {
  if (since !== undefined && positions !== undefined) {
    return fault("since", "either since or positions", "both");
  }
  if (positions !== undefined) {
    const own = Object.entries(positions).filter(([name]) => datasets.includes(name));
    return { kind: "positions", positions: Object.fromEntries(own) };
  }
  if (since === undefined) return { kind: "now" };
  const sinceMs = sinceOf(since, nowMs);
  if (Number.isNaN(sinceMs)) return fault("since", SINCE, came(since));
  return sinceMs < nowMs ? { kind: "since", sinceMs } : { kind: "now" };
}

function sinceOf(since: string | number, nowMs: number): number {
  const [, count, unit] = RELATIVE.exec(String(since)) ?? [];
  if (unit === undefined) return momentMs(since);
  return Math.max(0, nowMs - Math.ceil(Number(count) * (UNIT_MS[unit] ?? Number.NaN)));
}

function oneOf<T extends string>(
  parameter: string,
  given: string | undefined,
  names: readonly T[],
): T | undefined | Fault {
  if (given === undefined) return undefined;
  return names.find((name) => name === given) ?? fault(parameter, `one of ${names.join(", ")}`, came(given));
}

/** Of an address: names with commas between them. */
function list(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((name) => name.trim());
}
