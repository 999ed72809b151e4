/** Outlets as they are told over HTTP: times are ISO 8601, and the place is told as one address too. */

import { z } from "zod";
import { WHEN_FULL } from "../actors/feed/subscription.ts";
import { type OutletStatus, placeText } from "../actors/outlets/protocol.ts";
import { STREAM_FORMATS } from "../datasets/records/format.ts";
import { CLIENT_VIEW, type StreamClientView, streamClientView } from "./client-view.ts";
import { count, moment } from "./schemas.ts";

export const OUTLET_TRANSPORTS = ["tcp", "zeromq", "pipe"] as const;

export interface OutletView {
  readonly id: string;
  readonly transport: (typeof OUTLET_TRANSPORTS)[number];
  /** `tcp://127.0.0.1:9999`, `zeromq://127.0.0.1:5556`, `pipe:///run/millrace.fifo`. */
  readonly address: string;
  /** Null for a pipe. */
  readonly host: string | null;
  readonly port: number | null;
  /** Of a pipe, else null. */
  readonly path: string | null;
  readonly datasets: readonly string[];
  readonly format: OutletStatus["spec"]["format"];
  readonly columns: readonly string[] | null;
  readonly where: string | null;
  readonly whenFull: OutletStatus["spec"]["whenFull"];
  readonly openedAt: string;
  /** Null: never. */
  readonly expiresAt: string | null;
  readonly sentRows: number;
  readonly clients: readonly StreamClientView[];
}

export const OUTLET_VIEW = z
  .object({
    id: z.string(),
    transport: z.enum(OUTLET_TRANSPORTS),
    address: z.string().describe("The place as one word, such as `tcp://127.0.0.1:9999`."),
    host: z.string().nullable().describe("Null for a pipe."),
    port: z.int().nullable().describe("The one that was taken. Null for a pipe."),
    path: z.string().nullable().describe("Of a pipe, else null."),
    datasets: z.array(z.string()),
    format: z.enum(STREAM_FORMATS),
    columns: z.array(z.string()).nullable().describe("Null: all."),
    where: z.string().nullable(),
    whenFull: z.enum(WHEN_FULL),
    openedAt: moment(),
    expiresAt: moment().nullable().describe("When it closes by itself. Null: never."),
    sentRows: count().describe("Since it was opened, also to clients that have gone."),
    clients: z.array(CLIENT_VIEW),
  })
  .meta({ id: "Outlet" });

export function outletPath(id: string): string {
  return `/v1/outlets/${encodeURIComponent(id)}`;
}

export function outletView({ id, spec, openedMs, expiresMs, clients, sentRows }: OutletStatus): OutletView {
  const { transport, datasets, format, columns, where, whenFull } = spec;
  const isPipe = spec.transport === "pipe";
  return {
    id,
    transport,
    address: placeText(spec),
    host: isPipe ? null : spec.host,
    port: isPipe ? null : spec.port,
    path: isPipe ? spec.path : null,
    datasets,
    format,
    columns,
    where,
    whenFull,
    openedAt: new Date(openedMs).toISOString(),
    expiresAt: expiresMs === null ? null : new Date(expiresMs).toISOString(),
    sentRows,
    clients: clients.map(streamClientView),
  };
}
