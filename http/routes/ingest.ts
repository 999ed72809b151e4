/**
 * Rows of other programs, taken in.
 *
 *     POST /v1/ingest/:dataset        a body of rows
 *     GET  /v1/ingest/:dataset        as a WebSocket: bodies one after the other; else what a row of it is
 *     GET  /v1/ingest                 what can be pushed, and within which limits
 *     GET  /v1/ingest/schema.proto    rows as they are pushed in Protobuf
 *
 * What a row holds is nobody's business here: a body goes to the intake as it came.
 */

import { z } from "zod";
import {
  ACKNOWLEDGEMENTS,
  type Acknowledgement,
  MAX_BODY_BYTES,
  MAX_PUSH_ROWS,
  MAX_UNPACKED_BYTES,
  PACKINGS,
  type Packing,
} from "../../actors/intake/protocol.ts";
import { PUSH_FORMATS, type PushFormat } from "../../ingest/decoder.ts";
import { formatOf, MEDIA_TYPES } from "../../ingest/media-types.ts";
import { protoSchema } from "../../ingest/proto-schema.ts";
import type { ControlDeps } from "../control.ts";
import { came } from "../fault.ts";
import { badParameter, problem } from "../problem.ts";
import { EXAMPLE_ROW } from "../push/example-row.ts";
import { INGEST, ingestView, PUSHED_DATASET, pushedDatasetView } from "../push/ingest-view.ts";
import {
  MAX_KEY_CHARACTERS,
  MAX_PUSH_MESSAGE_BYTES,
  MAX_PUSH_SOCKETS,
  MAX_UNANSWERED,
} from "../push/limits.ts";
import { notPushed } from "../push/not-pushed.ts";
import { PUSH_ANSWER, type PushProblem } from "../push/push-answer.ts";
import { PushSockets } from "../push/push-sockets.ts";
import { Pusher } from "../push/pusher.ts";
import { freeBody, PushedBodies } from "../push/read-body.ts";
import { isRequestKey, KEY_EXPECTED } from "../push/request-key.ts";
import type { AnswerContent, RequestContext, RouteSpec, Routes } from "../route.ts";

const TAG = "ingest";
const PROTO_TYPE = "text/plain; charset=utf-8";
const MIB = 2 ** 20;
const FIRST_NUMBER = /^(0|[1-9]\d{0,14})$/;
const NUMBER_EXPECTED = "the number of a message, from 0 on";

const ROW = z.record(z.string(), z.unknown()).describe("Values by column, as `GET /v1/ingest` has them.");
const FORMS: Readonly<Record<PushFormat, AnswerContent["schema"]>> = {
  json: z.union([z.array(ROW), ROW]).meta({ examples: [[EXAMPLE_ROW]] }),
  ndjson: "An object a line.",
  csv: "A header with the columns' names, then a line a row; an empty field is no value.",
  msgpack: "An array of maps, or maps one behind the other.",
  protobuf: "A message `<Dataset>Push` of `/v1/ingest/schema.proto`.",
  arrow: "An Arrow IPC stream; columns by name.",
};
const dataset = z
  .string()
  .meta({ description: "A dataset that can be pushed.", examples: ["compression_telemetry"] });
const ack = z
  .enum(ACKNOWLEDGEMENTS)
  .optional()
  .describe(
    "When it is answered: the rows are on the disk, or, sooner, they are on their way there, and lost if the process dies. Default: disk.",
  );

const PUSH: RouteSpec = {
  method: "post",
  path: "/v1/ingest/:dataset",
  tag: TAG,
  summary: "Takes rows in",
  description: `The good rows of the body are taken, and the others answered for; when none was good, with a problem. Of a body that cannot be taken
apart, or for which there is no room, nothing is taken at all. Where the dataset says so, a row without an event time happened when it came. Unknown columns, and
values out of their bounds, refuse a row; identifiers are replaced by pseudonyms before anything is kept.

With an \`Idempotency-Key\` a request may be sent as often as need be, and its rows are taken once: after a broken connection, a \`408\`, a
\`429\` or a \`503\`, send the same body again under the same key. A body has at most ${MAX_BODY_BYTES / MIB} MiB as it comes, ${MAX_UNPACKED_BYTES / MIB} MiB unpacked, and ${MAX_PUSH_ROWS} rows.`,
  scope: "ingest",
  params: z.object({ dataset }),
  query: z.object({ ack }),
  headers: z.object({
    "Idempotency-Key": z
      .string()
      .optional()
      .describe(`The sender's own name of this request: ${KEY_EXPECTED}.`)
      .meta({ examples: ["9b2f61c4-0001"] }),
    "Content-Encoding": z
      .enum(PACKINGS)
      .optional()
      .describe("What the body is compressed with. Default: nothing."),
  }),
  body: {
    forms: Object.fromEntries(
      (["json", ...PUSH_FORMATS] as const).flatMap((format) =>
        MEDIA_TYPES[format].map((type) => [type, { schema: FORMS[format] }]),
      ),
    ),
    packings: PACKINGS.filter((packing) => packing !== "identity"),
    maxBytes: MAX_BODY_BYTES,
  },
  answers: {
    202: {
      meaning: "They are taken. `repeated`: of them, those that were there already.",
      content: { "application/json": { schema: PUSH_ANSWER } },
    },
  },
  problems: [
    "bad-body",
    "bad-parameter",
    "unknown-dataset",
    "rows-refused",
    "key-reused",
    "lane-full",
    "quota",
    "rows-given-up",
    "too-many",
    "actor-unavailable",
    "actor-failed",
  ],
};

const ONE: RouteSpec = {
  method: "get",
  path: "/v1/ingest/:dataset",
  tag: TAG,
  summary: "What a row of a dataset is, as it is pushed",
  scope: "ingest",
  params: z.object({ dataset }),
  query: z.object({
    format: z
      .enum(PUSH_FORMATS)
      .optional()
      .describe(
        "WebSocket: what its messages are. Default: ndjson. A text is NDJSON where that is no format of text.",
      ),
    ack,
    key: z
      .string()
      .optional()
      .describe(
        `WebSocket: message n goes under the Idempotency-Key \`<key>/<n>\`; the header may say it as well. ${KEY_EXPECTED}.`,
      )
      .meta({ examples: ["9b2f61c4"] }),
    next: z
      .string()
      .optional()
      .describe(`WebSocket: ${NUMBER_EXPECTED}, that its first one has. Default: 0.`)
      .meta({ examples: ["0"] }),
  }),
  answers: {
    200: { meaning: "The dataset.", content: { "application/json": { schema: PUSHED_DATASET } } },
  },
  problems: ["bad-parameter", "unknown-dataset", "too-many", "actor-unavailable"],
  websocket: `Each message is a body of at most ${MAX_PUSH_MESSAGE_BYTES / MIB} MiB, and is answered by one text of JSON, in the order of the messages:
\`{"id":0,"accepted":1000,…}\` as the answer of \`POST\`, or \`{"id":1,"type":"urn:millrace:problem:…","status":429,…}\`, a problem, with
\`retryAfterMs\` when it may be sent again. \`id\` is the message's number, from \`next\` on. At most ${MAX_UNANSWERED} messages may be without an answer.

With a key, a sender whose socket closes connects again with \`next\`, the number of the first message that was not answered, and sends everything from
there again: nothing is taken twice.

| it is closed with | because |
|---|---|
| 1001 | the server ends |
| 1008 | more messages than may be were without an answer: those that may are answered before, and no later one was taken |
| 1009 | a message was too long |
| 1011 | something went wrong here, or the answers were not read |
| 1013 | it is not known what was taken of the message that was answered last: connect again with its number as \`next\` |`,
};

const LISTING: RouteSpec = {
  method: "get",
  path: "/v1/ingest",
  tag: TAG,
  summary: "What can be pushed, how, and within which limits",
  scope: "ingest",
  answers: {
    200: { meaning: "All of it.", content: { "application/json": { schema: INGEST } } },
  },
};

const SCHEMA: RouteSpec = {
  method: "get",
  path: "/v1/ingest/schema.proto",
  tag: TAG,
  summary: "Rows as they are pushed in Protobuf",
  scope: "ingest",
  answers: {
    200: { meaning: "A .proto file.", content: { "text/plain": { schema: "A schema in proto3." } } },
  },
};

export function ingestRoutes(routes: Routes, deps: ControlDeps): void {
  const pushed = deps.datasets.filter((one) => one.pushed);
  const bodies = new PushedBodies(deps.clock);
  const pusher = deps.ingest === undefined ? undefined : new Pusher(deps, deps.ingest);
  const sockets = new PushSockets(deps, MAX_PUSH_SOCKETS);
  const find = (c: RequestContext) => pushed.find(({ name }) => name === c.req.param("dataset"));
  const notFound = (c: RequestContext) => notPushed(c, deps, pushed);

  routes.add(LISTING, (c) => c.json(ingestView(pushed)));

  // Before what takes any name.
  routes.add(SCHEMA, (c) => c.body(protoSchema(pushed), 200, { "content-type": PROTO_TYPE }));

  routes.add(PUSH, async (c) => {
    const found = find(c);
    if (found === undefined) return notFound(c);
    const asked = wishOf(c);
    if (asked instanceof Response) return asked;
    const contentType = c.req.header("content-type") ?? "";
    const format = formatOf(contentType);
    if (format === undefined) {
      const detail = `expected a Content-Type without parameters, or with charset=utf-8; came ${came(contentType)}`;
      return problem(c, "body-type-refused", { detail, headers: { connection: "close" } });
    }
    if (pusher === undefined) return noIntake(c);
    const body = await bodies.read(c);
    if (body instanceof Response) return body;
    const packing = (c.req.header("content-encoding")?.toLowerCase() ?? "identity") as Packing;
    const answer = pusher.push({ dataset: found.name, format, packing, ...asked }, body);
    freeBody(body);
    const result = await answer;
    return result.ok ? c.json(result.answer, 202) : problemOf(c, result);
  });

  routes.add(ONE, (c) => {
    const found = find(c);
    if (found === undefined) return notFound(c);
    if (!isUpgrade(c)) return c.json(pushedDatasetView(found));
    const asked = wishOf(c);
    if (asked instanceof Response) return asked;
    const { format = "ndjson", next = "0" } = c.req.query();
    if (!isFormat(format)) {
      return badParameter(c, { parameter: "format", expected: PUSH_FORMATS.join(", "), came: came(format) });
    }
    if (!FIRST_NUMBER.test(next)) {
      return badParameter(c, { parameter: "next", expected: NUMBER_EXPECTED, came: came(next) });
    }
    if (pusher === undefined) return noIntake(c);
    return sockets.open(c, { pusher, dataset: found.name, format, ...asked, next: Number(next) });
  });
}

interface Wish {
  readonly acknowledge: Acknowledgement;
  readonly key: string | null;
}

/** What a request says besides its rows; or why that cannot be. */
function wishOf(c: RequestContext): Wish | Response {
  const { ack: acknowledge = "disk", key: ofAddress } = c.req.query();
  if (!isAcknowledgement(acknowledge)) {
    return badParameter(c, {
      parameter: "ack",
      expected: ACKNOWLEDGEMENTS.join(" or "),
      came: came(acknowledge),
    });
  }
  const header = c.req.header("idempotency-key");
  const key = ofAddress ?? header ?? null;
  if (key !== null && !isRequestKey(key)) {
    // Not repeated: it may be anybody's name.
    return badParameter(c, {
      parameter: ofAddress === undefined ? "Idempotency-Key" : "key",
      expected: KEY_EXPECTED,
      came: key.length > MAX_KEY_CHARACTERS ? `${key.length} characters` : cameOf(key),
    });
  }
  return { acknowledge, key };
}

function cameOf(key: string): string {
  return key === "" ? "nothing" : `${key.length} characters with others among them`;
}

function problemOf(c: RequestContext, { code, detail, more, retryAfterMs }: PushProblem): Response {
  const headers =
    retryAfterMs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) };
  return problem(c, code, { detail, more, headers });
}

function noIntake(c: RequestContext): Response {
  const detail = "nothing takes rows in here; try again in a moment";
  return problem(c, "actor-unavailable", { detail, headers: { connection: "close", "retry-after": "2" } });
}

function isUpgrade(c: RequestContext): boolean {
  return c.req.method === "GET" && c.req.header("upgrade")?.toLowerCase() === "websocket";
}

function isFormat(text: string): text is PushFormat {
  return (PUSH_FORMATS as readonly string[]).includes(text);
}

function isAcknowledgement(text: string): text is Acknowledgement {
  return (ACKNOWLEDGEMENTS as readonly string[]).includes(text);
}
