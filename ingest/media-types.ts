/** Which format a body is in, by its Content-Type. */

import type { PushFormat } from "./decoder.ts";

/** Each format's media types; the first is the one that we speak of. */
export const MEDIA_TYPES: Readonly<Record<PushFormat, readonly [string, ...string[]]>> = {
  ndjson: ["application/x-ndjson", "application/ndjson", "application/jsonl"],
  json: ["application/json"],
  csv: ["text/csv"],
  msgpack: ["application/msgpack", "application/x-msgpack", "application/vnd.msgpack"],
  protobuf: ["application/protobuf", "application/x-protobuf"],
  arrow: ["application/vnd.apache.arrow.stream"],
};

const FORMATS: ReadonlyMap<string, PushFormat> = new Map(
  Object.entries(MEDIA_TYPES).flatMap(([format, types]) =>
    types.map((type) => [type, format as PushFormat] as const),
  ),
);
/** Parameters that change nothing: what is text is UTF-8, CSV has a header. */
const PARAMETERS: readonly string[] = ["charset=utf-8", 'charset="utf-8"', "charset=utf8", "header=present"];

/** The format of a body of that media type; undefined when there is none, or its parameters say something that we do not heed. */
export function formatOf(mediaType: string): PushFormat | undefined {
  const [type = "", ...parameters] = mediaType.split(";").map((part) => part.trim().toLowerCase());
  const areKnown = parameters.every((parameter) => parameter === "" || PARAMETERS.includes(parameter));
  return areKnown ? FORMATS.get(type) : undefined;
}
