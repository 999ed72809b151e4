/** The forms that a stream over plain HTTP may have, as media types. The first of a format is its name in answers. */

import { STREAM_FORMATS, type StreamFormat } from "../../datasets/records/format.ts";
import { preferredType } from "../preferred-type.ts";

export const EVENT_STREAM = "text/event-stream";

export const RAW_TYPES: Readonly<Record<StreamFormat, readonly [string, ...string[]]>> = {
  jsonl: ["application/jsonl", "application/x-ndjson"],
  msgpack: ["application/msgpack", "application/vnd.msgpack", "application/x-msgpack"],
  // Each record with its length before it.
  protobuf: ["application/x-protobuf", "application/protobuf"],
  arrow: ["application/vnd.apache.arrow.stream"],
};

export interface StreamForm {
  readonly framing: "sse" | "raw";
  readonly format: StreamFormat;
  readonly contentType: string;
}

/**
 * The form that is wanted. What the address says counts for more than the header; without either it is events of JSON.
 * @returns undefined when the Accept header allows none that fits
 */
export function streamForm(
  framing: "sse" | "raw" | undefined,
  format: StreamFormat | undefined,
  accept: string | undefined,
): StreamForm | undefined {
  if (framing === "sse") return { framing, format: format ?? "jsonl", contentType: EVENT_STREAM };
  const formats = format === undefined ? STREAM_FORMATS : [format];
  const raw = formats.flatMap((name) => RAW_TYPES[name]);
  if (framing === "raw") {
    // It was asked for in so many words: a header that came by itself does not stand against it.
    const contentType = preferredType(accept, raw) ?? raw[0] ?? "";
    return { framing, format: formatOf(contentType) ?? "jsonl", contentType };
  }
  const contentType = preferredType(accept, [EVENT_STREAM, ...raw]);
  if (contentType === undefined) return undefined;
  const named = formatOf(contentType);
  if (named === undefined) return { framing: "sse", format: format ?? "jsonl", contentType };
  return { framing: "raw", format: named, contentType };
}

function formatOf(contentType: string): StreamFormat | undefined {
  return STREAM_FORMATS.find((format) => RAW_TYPES[format].includes(contentType));
}
