/** Bytes in, checked columns out. Start reading at table.ts and decoder.ts: they are the contract. */

import { arrowBody } from "./arrow/index.ts";
import { csvBody } from "./csv.ts";
import type { DecoderFactory, PushFormat } from "./decoder.ts";
import { jsonBody } from "./json.ts";
import { msgpackBody } from "./msgpack.ts";
import { ndjsonBody } from "./ndjson.ts";
import { protobufBody } from "./protobuf.ts";

/** Each format's way in. */
export const decoders: Readonly<Record<PushFormat, DecoderFactory>> = {
  ndjson: ndjsonBody,
  json: jsonBody,
  csv: csvBody,
  msgpack: msgpackBody,
  protobuf: protobufBody,
  arrow: arrowBody,
};
