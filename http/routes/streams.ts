/**
 * Rows as they come.
 *
 *     GET /v1/streams                 who is connected, and what can be had; as a WebSocket: subscriptions by message
 *     GET /v1/streams/:dataset|all    server-sent events, raw bytes, or a WebSocket of one subscription
 *     GET /v1/streams/schema.proto    what Protobuf streams are made of
 */

import { z } from "zod";
import { TRANSPORTS, WHEN_FULL } from "../../actors/feed/subscription.ts";
import { OUTLETS, type OutletsReplies } from "../../actors/outlets/protocol.ts";
import { STREAM_FORMATS } from "../../datasets/records/format.ts";
import { protoSchema } from "../../datasets/records/proto-schema.ts";
import { CLIENT_VIEW, streamClientView } from "../client-view.ts";
import type { ControlDeps } from "../control.ts";
import { OUTLET_VIEW, outletView } from "../outlet-view.ts";
import { badParameter, problem } from "../problem.ts";
import type { AnswerContent, RequestContext, RouteSpec, Routes } from "../route.ts";
import { EVENT_STREAM, RAW_TYPES } from "../streams/media-types.ts";
import { OpenStreams } from "../streams/open-stream.ts";
import { ALL, wishFromAddress } from "../streams/wish.ts";
import { unknownDataset } from "../unknown-dataset.ts";

const TAG = "streams";
const PROTO_TYPE = "text/plain; charset=utf-8";
const OUTLETS_ANSWER_MS = 5_000;

const MESSAGES = `Text messages of JSON; the rows of binary formats are binary messages. The first line of a message with rows says which
subscription it is of and which rows it covers, the records stand behind its line feed:
\`{"op":"rows","subscription":7,"dataset":"memory","first":1234,"next":1235,"rows":1}\`.

| the client says | and is answered |
|---|---|
| \`{"op":"filter","ref":"x","where":"used_percent > 50","columns":["timestamp"]}\`; what is left out stays, null is none | \`{"op":"filtered","ref":"x","subscriptions":{"memory":8},"positions":{"memory":1300}}\`: it holds from those rows on |
| \`{"op":"ping"}\` | \`{"op":"pong"}\` |
| what cannot be done | \`{"op":"refused","ref":"x","reason":"bad-filter","message":"…"}\` |

Beside rows come \`{"op":"notice","ref":"x","notice":"dropped","dataset":"memory","rows":12,"next":1400}\` (or \`gap\`),
\`{"op":"ended","ref":"x","reason":"full"}\`, and \`{"op":"beat"}\` when there was nothing to say for 15 s. A message may have up to 64 KiB.`;

const LISTING: RouteSpec = {
  method: "get",
  path: "/v1/streams",
  tag: TAG,
  summary: "Who takes rows live, and what can be had",
  scope: "read",
  answers: {
    200: {
      meaning: "Clients of HTTP, and outlets with theirs.",
      content: {
        "application/json": {
          schema: z
            .object({
              clients: z.array(CLIENT_VIEW),
              outlets: z.array(OUTLET_VIEW).describe("None, too, when who keeps them does not answer."),
              datasets: z.array(z.string()),
              formats: z.array(z.enum(STREAM_FORMATS)),
              transports: z.array(z.enum(TRANSPORTS)),
            })
            .meta({ id: "Streams" }),
        },
      },
    },
  },
  problems: ["bad-parameter", "too-many"],
  websocket: `As many as 32 subscriptions on one socket.

| the client says | and is answered |
|---|---|
| \`{"op":"subscribe","ref":"x","datasets":["memory"],"format":"jsonl","where":"…","columns":["…"],"since":"-15m","whenFull":"drop-oldest"}\`, where \`positions\` may stand for \`since\` | \`{"op":"subscribed","ref":"x","subscriptions":{"memory":7},"positions":{"memory":1234}}\` |
| \`{"op":"unsubscribe","ref":"x"}\` | \`{"op":"unsubscribed","ref":"x"}\` |

${MESSAGES}`,
};

const STREAM: RouteSpec = {
  method: "get",
  path: "/v1/streams/:dataset",
  tag: TAG,
  summary: "Rows as they come",
  description:
    "Server-sent events, or, with `framing=raw` or an `Accept` header that names the type, the bytes of the format alone. " +
    "Who connects again with `Last-Event-ID` goes on where it was, without a gap or a double, as far back as the log goes. A slow " +
    "client slows nobody: what does not fit into its queue is dropped and told by an event `dropped`, or ends the stream.",
  scope: "read",
  params: z.object({
    dataset: z.string().meta({ description: `A dataset's name, or \`${ALL}\`.`, examples: ["memory"] }),
  }),
  query: z.object({
    format: z.enum(STREAM_FORMATS).optional().describe("Default: what the Accept header names, else jsonl."),
    framing: z
      .enum(["sse", "raw"])
      .optional()
      .describe("`sse`: server-sent events. Default: by the Accept header, else sse."),
    columns: z
      .string()
      .optional()
      .meta({
        description: "Columns of one dataset, with commas between them. Default: all.",
        examples: ["timestamp"],
      }),
    where: z
      .string()
      .optional()
      .meta({
        description: "Which rows: a predicate, such as `cpu_percent > 50`. Default: all.",
        examples: ["timestamp > '2026-01-01'"],
      }),
    since: z
      .string()
      .optional()
      .meta({
        description:
          "Event time to begin at, as far back as the log goes: ISO 8601 with its zone, milliseconds since 1970, or how long ago: " +
          "`-15m`, `-2h`. Default: with what comes next.",
        examples: ["-15m"],
      }),
    datasets: z
      .string()
      .optional()
      .meta({
        description: `With \`${ALL}\`: only these, with commas between them.`,
        examples: ["memory,process"],
      }),
    whenFull: z
      .enum(WHEN_FULL)
      .optional()
      .describe(
        "What becomes of rows for which the client's queue has no room. Default: drop-oldest; raw Arrow: disconnect.",
      ),
  }),
  headers: z.object({
    "Last-Event-ID": z
      .string()
      .optional()
      .describe("Id of the last event that came: the stream goes on behind it."),
  }),
  answers: {
    200: {
      meaning: "A stream without an end.",
      content: { [EVENT_STREAM]: { schema: eventsSaid() }, ...rawContent() },
    },
  },
  problems: [
    "bad-parameter",
    "bad-filter",
    "unknown-column",
    "unknown-dataset",
    "not-acceptable",
    "too-many",
    "actor-unavailable",
  ],
  websocket: `One subscription, which the address describes; its \`ref\` is the address's last part. It is told first:
\`{"op":"subscribed","ref":"memory","subscriptions":{"memory":7},"positions":{"memory":1234}}\`. The socket closes with it.

${MESSAGES}`,
};

const SCHEMA: RouteSpec = {
  method: "get",
  path: "/v1/streams/schema.proto",
  tag: TAG,
  summary: "What Protobuf streams are made of",
  description: "A stream is one `Record` after the other, each with its length before it as a varint.",
  scope: "read",
  answers: {
    200: { meaning: "A .proto file.", content: { "text/plain": { schema: "A schema in proto3." } } },
  },
};

export function streamRoutes(routes: Routes, deps: ControlDeps): void {
  const streams = new OpenStreams(deps);
  const datasets = deps.datasets.map(({ name }) => name);

  routes.add(LISTING, async (c) => {
    if (isUpgrade(c)) return streams.socketOfMany(c);
    const asked = await deps.ask<OutletsReplies["outlet.list"]>(
      OUTLETS,
      { kind: "outlet.list" },
      OUTLETS_ANSWER_MS,
    );
    return c.json({
      clients: deps.feed.clients().map(streamClientView),
      outlets: asked.ok ? asked.value.outlets.map(outletView) : [],
      datasets,
      formats: STREAM_FORMATS,
      transports: TRANSPORTS,
    });
  });

  // Before what takes any name.
  routes.add(SCHEMA, (c) => c.body(protoSchema(deps.datasets), 200, { "content-type": PROTO_TYPE }));

  routes.add(STREAM, (c) => {
    const dataset = c.req.param("dataset") ?? "";
    if (dataset !== ALL && !datasets.includes(dataset))
      return unknownDataset(c, deps, dataset, { more: [ALL] });
    const isSocket = isUpgrade(c);
    const read = wishFromAddress(
      {
        dataset,
        query: new URL(c.req.url).searchParams,
        accept: c.req.header("accept"),
        lastEventId: c.req.header("last-event-id"),
        isSocket,
      },
      streams.known(),
    );
    if (!read.ok) return read.parameter === "accept" ? notAcceptable(c, read) : badParameter(c, read);
    const { wish, contentType } = read;
    if (isSocket) return streams.socketOfOne(c, dataset, wish);
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": contentType });
    return streams.body(c, wish, contentType);
  });
}

function isUpgrade(c: RequestContext): boolean {
  return c.req.method === "GET" && c.req.header("upgrade")?.toLowerCase() === "websocket";
}

function notAcceptable(
  c: RequestContext,
  { expected, came }: { readonly expected: string; readonly came: string },
) {
  return problem(c, "not-acceptable", {
    detail: `expected an Accept header that allows one of ${expected}; came ${came}`,
  });
}

function eventsSaid(): string {
  return (
    "Events without an end, named after their dataset. JSON: one a row, whose `id` says where the client then stands. Other formats: " +
    "one for several rows, their bytes in base64."
  );
}

function rawContent(): Readonly<Record<string, AnswerContent>> {
  return Object.fromEntries(
    STREAM_FORMATS.map((format) => [
      RAW_TYPES[format][0],
      { schema: `Records in ${format}, one behind the other.` },
    ]),
  );
}
