/** What can be pushed, and how, as it is told over HTTP. */

import { z } from "zod";
import {
  ACKNOWLEDGEMENTS,
  MAX_BODY_BYTES,
  MAX_PUSH_ROWS,
  MAX_REJECTIONS,
  MAX_UNPACKED_BYTES,
  PACKINGS,
} from "../../actors/intake/protocol.ts";
import type { Dataset } from "../../datasets/define.ts";
import { pushedRowSchema } from "../../datasets/json-schema.ts";
import { PUSH_FORMATS } from "../../ingest/decoder.ts";
import { MEDIA_TYPES } from "../../ingest/media-types.ts";
import { count } from "../schemas.ts";
import { MAX_KEY_CHARACTERS, MAX_PUSH_MESSAGE_BYTES, MAX_UNANSWERED } from "./limits.ts";

export const PUSHED_DATASET = z
  .object({
    name: z.string(),
    title: z.string(),
    address: z.string().describe("Where its rows are sent."),
    schema: z.record(z.string(), z.unknown()).describe("JSON Schema of a row as it is pushed."),
  })
  .meta({ id: "PushedDataset" });

export const INGEST = z
  .object({
    datasets: z.array(PUSHED_DATASET),
    formats: z.array(
      z.object({
        format: z.enum(PUSH_FORMATS),
        mediaTypes: z.array(z.string()).describe("The first is the one to use."),
      }),
    ),
    encodings: z.array(z.enum(PACKINGS)).describe("What `Content-Encoding` may say."),
    acknowledgements: z.array(z.enum(ACKNOWLEDGEMENTS)),
    limits: z.object({
      bodyBytes: count().describe("Of a body as it comes."),
      unpackedBytes: count().describe("Of a body when it is unpacked."),
      rows: count().describe("Of one body."),
      rejections: count().describe("That are answered one by one."),
      keyCharacters: count(),
      messageBytes: count().describe("Of a message of a WebSocket."),
      unansweredMessages: count(),
    }),
  })
  .meta({ id: "Ingest" });

export function pushedDatasetView(dataset: Dataset): z.output<typeof PUSHED_DATASET> {
  const { name, title } = dataset;
  return { name, title, address: `/v1/ingest/${name}`, schema: pushedRowSchema(dataset) };
}

export function ingestView(pushed: readonly Dataset[]): z.output<typeof INGEST> {
  return {
    datasets: pushed.map(pushedDatasetView),
    formats: PUSH_FORMATS.map((format) => ({ format, mediaTypes: [...MEDIA_TYPES[format]] })),
    encodings: [...PACKINGS],
    acknowledgements: [...ACKNOWLEDGEMENTS],
    limits: {
      bodyBytes: MAX_BODY_BYTES,
      unpackedBytes: MAX_UNPACKED_BYTES,
      rows: MAX_PUSH_ROWS,
      rejections: MAX_REJECTIONS,
      keyCharacters: MAX_KEY_CHARACTERS,
      messageBytes: MAX_PUSH_MESSAGE_BYTES,
      unansweredMessages: MAX_UNANSWERED,
    },
  };
}
