/** A client of the streams as it is told over HTTP. */

import { z } from "zod";
import { type ClientView, TRANSPORTS, WHEN_FULL } from "../actors/feed/subscription.ts";
import { STREAM_FORMATS } from "../datasets/records/format.ts";
import { count, moment } from "./schemas.ts";

export type StreamClientView = Omit<ClientView, "sinceMs"> & { readonly since: string };

export const CLIENT_VIEW = z
  .object({
    id: z.string(),
    transport: z.enum(TRANSPORTS),
    datasets: z.array(z.string()),
    format: z.enum(STREAM_FORMATS),
    whenFull: z.enum(WHEN_FULL),
    state: z.enum(["replay", "live"]).describe("`replay` while it is given what the log has."),
    queuedBytes: count().describe("Bytes that wait for it."),
    sentRows: count(),
    sentBytes: count(),
    droppedRows: count().describe("Rows for which its queue had no room."),
    since: moment().describe("When it came."),
  })
  .meta({ id: "StreamClient" });

export function streamClientView({ sinceMs, ...client }: ClientView): StreamClientView {
  return { ...client, since: new Date(sinceMs).toISOString() };
}
