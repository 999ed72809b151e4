/**
 * What is asked for over HTTP, as an order for the exporter: from an address's parameters, or from a JSON body. Only the kind
 * of each value is checked here, and the time; what an order may say is for the exporter to judge, the same for all doors.
 */

import { z } from "zod";
import {
  COMPRESSIONS,
  EXPORT_FORMATS,
  type ExportOrder,
  MAX_NEWEST,
  PROFILES,
} from "../actors/exporter/order.ts";
import { exportNames, namedExport, namedRows } from "../datasets/named-export.ts";
import { came, type Fault, fault } from "./fault.ts";
import { fieldFault } from "./json-body.ts";
import { DEFAULT_HOURS, timeSpan } from "./time-span.ts";

export type OrderRead = { readonly ok: true; readonly order: ExportOrder } | Fault;

const MOMENT = z
  .union([z.string(), z.number()], "an ISO 8601 time, milliseconds since 1970, or null")
  .nullable();

/** What each part of an order means, for the schemas of both doors. */
const SAID = {
  hours: {
    description: `Hours before \`to\`. Default: ${DEFAULT_HOURS}. Not together with \`from\`.`,
    examples: [1],
  },
  from: {
    description: "Event time to begin at: ISO 8601 with its zone, or milliseconds since 1970.",
    examples: ["2026-01-31T12:00:00Z"],
  },
  to: { description: "Event time to end before. Default: now.", examples: ["2026-01-31T13:00:00Z"] },
  columns: "Public columns, in the order they are to have. Default: all.",
  where: {
    description: "Which rows: a predicate, such as `cpu_percent > 50 and state = 'running'`. Default: all.",
    examples: ["timestamp > '2026-01-01'"],
  },
  newest: {
    description: `Only the newest rows, so many at the most, the latest first. From 1 to ${MAX_NEWEST}. Default: all, as they are stored.`,
    examples: [100],
  },
  name: {
    description:
      "An export that the dataset has by name, such as `training`: its columns, its filter, its time and its number of newest rows. " +
      "Time and number may be given all the same; columns and filter not.",
    examples: ["training"],
  },
  compression: {
    description: `One of ${COMPRESSIONS.join(", ")} that the format allows. Default: zstd for Parquet, none for others.`,
    examples: ["none"],
  },
  profile: {
    description: `One of ${PROFILES.join(", ")}. Default: pseudonymous, which is keyed hashes and exact times.`,
    examples: ["pseudonymous"],
  },
  k: {
    description: "Anonymous profile: rows that none is told apart among. From 2 to 1000, default 5.",
    examples: [5],
  },
  maxSuppressed: {
    description:
      "Anonymous profile: share of the rows that may be left out to reach k. From 0 to 1, default 0.1.",
    examples: [0.1],
  },
} as const;

/** An order in a JSON body. */
export const ORDER = z
  .strictObject({
    dataset: z
      .string("the name of a dataset")
      .meta({ description: "A dataset's name.", examples: ["memory"] }),
    format: z
      .string(`the name of a format: ${EXPORT_FORMATS.join(", ")}`)
      .meta({ description: `One of ${EXPORT_FORMATS.join(", ")}.`, examples: ["csv"] }),
    hours: z.number("a number").optional().meta(SAID.hours),
    from: MOMENT.optional().meta(SAID.from),
    to: MOMENT.optional().meta(SAID.to),
    columns: z
      .array(z.string("the name of a column"), "a list of columns")
      .optional()
      .meta({ description: SAID.columns }),
    where: z.string("a filter as text").optional().meta(SAID.where),
    newest: z.number("a number").optional().meta(SAID.newest),
    name: z.string("the name of an export").optional().meta(SAID.name),
    compression: z.string("the name of a compression").optional().meta(SAID.compression),
    profile: z.string("the name of a profile").optional().meta(SAID.profile),
    k: z.number("a number").optional().meta(SAID.k),
    maxSuppressed: z.number("a number").optional().meta(SAID.maxSuppressed),
  })
  .meta({ id: "ExportOrder" });

type OrderInput = z.output<typeof ORDER>;

/** An order in an address: its parameters besides the name that says dataset, format and compression. */
export const ORDER_QUERY = z.object({
  hours: z.number().optional().meta(SAID.hours),
  from: z.string().optional().meta(SAID.from),
  to: z.string().optional().meta(SAID.to),
  columns: z
    .string()
    .optional()
    .meta({ description: `${SAID.columns} With commas between them.`, examples: ["timestamp"] }),
  where: z.string().optional().meta(SAID.where),
  newest: z.number().optional().meta(SAID.newest),
  name: z.string().optional().meta(SAID.name),
  compression: z.string().optional().meta(SAID.compression),
  profile: z.string().optional().meta(SAID.profile),
  k: z.number().optional().meta(SAID.k),
  maxSuppressed: z.number().optional().meta(SAID.maxSuppressed),
});
const NUMBER = /^\d{1,9}(?:\.\d{1,9})?$/;

/** The order in a JSON body. Every member that is not known is refused: it was meant to say something. */
export function orderFromJson(body: unknown, nowMs: number): OrderRead {
  const read = ORDER.safeParse(body);
  return read.success ? orderOf(read.data, nowMs) : fieldFault(read.error, body, Object.keys(ORDER.shape));
}

/** The order in an address's parameters: those of ORDER_QUERY, each at most once, which the route's gate has seen to. */
export function orderFromQuery(
  name: { readonly dataset: string; readonly format: string; readonly compression: string | undefined },
  query: URLSearchParams,
  nowMs: number,
): OrderRead {
  const text = (parameter: keyof typeof ORDER_QUERY.shape) => query.get(parameter) ?? undefined;
  const compression = text("compression");
  if (compression !== undefined && name.compression !== undefined && compression !== name.compression) {
    return fault("compression", `${name.compression}, as the name of the file says`, came(compression));
  }
  const numbers: Record<string, number | undefined> = {};
  for (const parameter of ["newest", "k", "maxSuppressed"] as const) {
    const given = text(parameter);
    if (given !== undefined && !NUMBER.test(given)) return fault(parameter, "a number", came(given));
    numbers[parameter] = given === undefined ? undefined : Number(given);
  }
  const input = {
    dataset: name.dataset,
    format: name.format,
    hours: text("hours"),
    from: text("from"),
    to: text("to"),
    columns: text("columns")
      ?.split(",")
      .map((column) => column.trim()),
    where: text("where"),
    name: text("name"),
    compression: compression ?? name.compression,
    profile: text("profile"),
    ...numbers,
  };
  return orderOf(input, nowMs);
}

type AnyInput = Omit<OrderInput, "hours"> & { readonly hours?: string | number | undefined };

function orderOf({ name, ...input }: AnyInput, nowMs: number): OrderRead {
  const named = name === undefined ? undefined : rowsNamed(name, input);
  if (named !== undefined && "parameter" in named) return named;
  const { hours, from, to, ...rest } = { ...named, ...onlyGiven(input) };
  // The export's own time, where none is given.
  const span = timeSpan({ hours: from === undefined ? hours : input.hours, from, to }, nowMs);
  if (!span.ok) return span;
  const { fromMs, toMs } = span;
  return { ok: true, order: { ...rest, fromMs, toMs } as ExportOrder };
}

function rowsNamed(name: string, { dataset, columns, where }: Omit<AnyInput, "name">) {
  const known = namedExport(dataset, name);
  if (known === undefined) {
    const names = exportNames(dataset);
    const expected =
      names.length === 0 ? `none, as ${dataset} has no export by name` : `one of ${names.join(", ")}`;
    return fault("name", expected, came(name));
  }
  const other = columns === undefined ? (where === undefined ? undefined : "where") : "columns";
  if (other !== undefined) return fault(other, `none beside name=${name}, which says it`, "both");
  return namedRows(known);
}

function onlyGiven<T extends object>(input: T): T {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as T;
}
