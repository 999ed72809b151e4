/** An outlet that is asked for in a JSON body. What it may give is for the outlets to judge, the same for all doors. */

import { z } from "zod";
import { usualWhenFull } from "../actors/feed/check-wish.ts";
import { WHEN_FULL } from "../actors/feed/subscription.ts";
import { framingOf, MAX_LEASE_MS, type OutletPlace, type OutletSpec } from "../actors/outlets/protocol.ts";
import { STREAM_FORMATS } from "../datasets/records/format.ts";
import { came, type Fault, fault } from "./fault.ts";
import { fieldFault } from "./json-body.ts";
import { OUTLET_TRANSPORTS } from "./outlet-view.ts";

const PORT = "a whole number from 0 to 65535";
const LEASE = `a whole number of milliseconds from 1 to ${MAX_LEASE_MS}, or null`;
const NAMES = "a list of names";
const ALL_DATASETS = "all";

export const OUTLET = z
  .strictObject({
    transport: z
      .enum(OUTLET_TRANSPORTS, `one of ${OUTLET_TRANSPORTS.join(", ")}`)
      .meta({ description: "Plain TCP, a ZeroMQ PUB socket, or a named pipe.", examples: ["tcp"] }),
    host: z
      .string("an address")
      .optional()
      .meta({
        description: "Loopback address to listen on, not of a pipe. Default: 127.0.0.1.",
        examples: ["127.0.0.1"],
      }),
    port: z
      .int(PORT)
      .min(0, PORT)
      .max(65_535, PORT)
      .optional()
      .meta({ description: "Port to listen on, not of a pipe; 0: any free one.", examples: [0] }),
    path: z.string("an absolute path").optional().meta({
      description:
        "Of a pipe: an absolute path on the server's host. Made, mode 0600, when nothing is there.",
    }),
    datasets: z
      .union([z.literal(ALL_DATASETS), z.array(z.string(NAMES), NAMES)], `${NAMES}, or "${ALL_DATASETS}"`)
      .optional()
      .meta({ description: "Whose rows. Default: `all`.", examples: [["memory"]] }),
    format: z
      .enum(STREAM_FORMATS, `one of ${STREAM_FORMATS.join(", ")}`)
      .optional()
      .meta({ description: "Default: jsonl.", examples: ["jsonl"] }),
    columns: z
      .array(z.string(NAMES), NAMES)
      .nullable()
      .optional()
      .meta({ description: "Public columns of one dataset, in the order they are to have. Null: all." }),
    where: z
      .string("a filter as text")
      .nullable()
      .optional()
      .meta({ description: "Which rows. Null: all.", examples: ["timestamp > '2026-01-01'"] }),
    whenFull: z
      .enum(WHEN_FULL, `one of ${WHEN_FULL.join(", ")}`)
      .optional()
      .meta({
        description:
          "What becomes of rows for which a client's queue has no room. Default: drop-oldest, but for Arrow over TCP or a pipe, which cannot tell of it, disconnect.",
      }),
    leaseMs: z
      .int(LEASE)
      .min(1, LEASE)
      .max(MAX_LEASE_MS, LEASE)
      .nullable()
      .optional()
      .meta({
        description: "It closes by itself after so long without being renewed. Null: never.",
        examples: [30_000],
      }),
  })
  .meta({
    id: "OutletOrder",
    examples: [{ transport: "tcp", port: 0, datasets: ["memory"], format: "jsonl", leaseMs: 60_000 }],
  });

export type OutletRead =
  | { readonly ok: true; readonly spec: OutletSpec; readonly leaseMs: number | null }
  | Fault;

/** @param datasets the names that `all` stands for */
export function outletFromJson(body: unknown, datasets: readonly string[]): OutletRead {
  const read = OUTLET.safeParse(body);
  if (!read.success) return fieldFault(read.error, body, Object.keys(OUTLET.shape));
  const { transport, host, port, path, datasets: wanted = ALL_DATASETS, leaseMs = null, ...rest } = read.data;
  const { format = "jsonl", columns = null, where = null } = rest;
  let place: OutletPlace;
  if (transport === "pipe") {
    if (path === undefined) return fault("path", "the absolute path of a pipe", came(path));
    if (host !== undefined) return fault("host", "none for a pipe", came(host));
    if (port !== undefined) return fault("port", "none for a pipe", came(port));
    place = { transport, path };
  } else {
    if (port === undefined) return fault("port", PORT, came(port));
    if (path !== undefined) return fault("path", `none for ${transport}`, came(path));
    place = { transport, host: host ?? "127.0.0.1", port };
  }
  const whenFull = rest.whenFull ?? usualWhenFull({ format, framing: framingOf(transport) });
  const names = wanted === ALL_DATASETS ? datasets : wanted;
  return { ok: true, leaseMs, spec: { ...place, datasets: names, format, columns, where, whenFull } };
}
