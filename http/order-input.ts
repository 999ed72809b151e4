/**
 * What is asked for over HTTP, as an order for the exporter: from an address's parameters, or from a JSON body. Only the kind
 * of each value is checked here, and the time; what an order may say is for the exporter to judge, the same for all doors.
 */

import { z } from "zod";
import { EXPORT_FORMATS, type ExportOrder } from "../actors/exporter/order.ts";
import { came, type Fault, fault } from "./fault.ts";
import { fieldFault } from "./json-body.ts";
import { timeSpan } from "./time-span.ts";

export type OrderRead = { readonly ok: true; readonly order: ExportOrder } | Fault;

const MOMENT = z
  .union([z.string(), z.number()], "an ISO 8601 time, milliseconds since 1970, or null")
  .nullable();

const ORDER = z.strictObject({
  dataset: z.string("the name of a dataset"),
  format: z.string(`the name of a format: ${EXPORT_FORMATS.join(", ")}`),
  hours: z.number("a number").optional(),
  from: MOMENT.optional(),
  to: MOMENT.optional(),
  columns: z.array(z.string("the name of a column"), "a list of columns").optional(),
  where: z.string("a filter as text").optional(),
  compression: z.string("the name of a compression").optional(),
  profile: z.string("the name of a profile").optional(),
  k: z.number("a number").optional(),
  maxSuppressed: z.number("a number").optional(),
});

type OrderInput = z.output<typeof ORDER>;

/** Parameters of an address, besides the name that says dataset, format and compression. */
const PARAMETERS = [
  "hours",
  "from",
  "to",
  "columns",
  "where",
  "compression",
  "profile",
  "k",
  "maxSuppressed",
] as const;
const NUMBER = /^\d{1,9}(?:\.\d{1,9})?$/;

/** The order in a JSON body. Every member that is not known is refused: it was meant to say something. */
export function orderFromJson(body: unknown, nowMs: number): OrderRead {
  const read = ORDER.safeParse(body);
  return read.success ? orderOf(read.data, nowMs) : fieldFault(read.error, body, Object.keys(ORDER.shape));
}

/** The order in an address's parameters. One that is not known is refused: it was meant to narrow the export down. */
export function orderFromQuery(
  name: { readonly dataset: string; readonly format: string; readonly compression: string | undefined },
  query: URLSearchParams,
  nowMs: number,
): OrderRead {
  for (const parameter of query.keys()) {
    if (!PARAMETERS.some((known) => known === parameter)) {
      return fault("query", `only the parameters ${PARAMETERS.join(", ")}`, came(parameter));
    }
    if (query.getAll(parameter).length > 1) return fault(parameter, "it once", "it more than once");
  }
  const text = (parameter: (typeof PARAMETERS)[number]) => query.get(parameter) ?? undefined;
  const compression = text("compression");
  if (compression !== undefined && name.compression !== undefined && compression !== name.compression) {
    return fault("compression", `${name.compression}, as the name of the file says`, came(compression));
  }
  const numbers: Record<string, number | undefined> = {};
  for (const parameter of ["k", "maxSuppressed"] as const) {
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
    compression: compression ?? name.compression,
    profile: text("profile"),
    ...numbers,
  };
  return orderOf(input, nowMs);
}

type AnyInput = Omit<OrderInput, "hours"> & { readonly hours?: string | number | undefined };

function orderOf({ hours, from, to, ...rest }: AnyInput, nowMs: number): OrderRead {
  const span = timeSpan({ hours, from, to }, nowMs);
  if (!span.ok) return span;
  const { fromMs, toMs } = span;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { ok: true, order: { ...(Object.fromEntries(given) as typeof rest), fromMs, toMs } as ExportOrder };
}
