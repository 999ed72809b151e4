/** Records: rows as they leave live. Read format.ts, then encoder.ts; framing.ts puts a format's records into their frame. */

import type { Dataset } from "../define.ts";
import { chooseColumns } from "../shape.ts";
import { arrowRecords } from "./arrow.ts";
import type { EncoderOptions, RecordEncoder } from "./encoder.ts";
import { framed } from "./framing.ts";
import { jsonEvents, jsonRecords } from "./jsonl.ts";
import { msgpackRecords } from "./msgpack.ts";
import { protobufRecords } from "./protobuf.ts";
import type { RecordWriter } from "./writer.ts";

export type {
  ChunkFacts,
  EncoderOptions,
  EventIds,
  RecordEncoder,
} from "./encoder.ts";
export {
  FRAMINGS,
  type Framing,
  type MessageHead,
  type Notice,
  STREAM_FORMATS,
  type StreamFormat,
} from "./format.ts";
export { encodeNotice } from "./notice.ts";
export { protoSchema } from "./proto-schema.ts";

/**
 * Makes an encoder of a dataset's rows.
 * @throws RangeError for a column that the dataset does not have: ask `unknownColumn` first
 */
export function createRecordEncoder(dataset: Dataset, options: EncoderOptions): RecordEncoder {
  const { format, framing, columns, ids = "row" } = options;
  const shape = columns === null ? dataset : chooseColumns(dataset, columns);
  if (format === "jsonl" && framing === "sse") return jsonEvents(shape, ids);
  return framed(writerOf(shape, options), { dataset: dataset.name, framing, ids });
}

function writerOf(shape: Dataset, { format, columns, datasets }: EncoderOptions): RecordWriter {
  switch (format) {
    case "jsonl":
      return jsonRecords(shape);
    case "msgpack":
      return msgpackRecords(shape);
    case "protobuf":
      return protobufRecords(shape, datasets);
    case "arrow":
      return arrowRecords(shape, columns === null);
  }
}
